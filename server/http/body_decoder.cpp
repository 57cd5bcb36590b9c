#include "http/body_decoder.hpp"

#include <algorithm>

#include "http/text.hpp"

namespace pysandbox::http {
namespace {

// As many as fit into 64 bits; more zeros in front mean nothing either.
constexpr std::size_t max_size_digits = 16;

bool is_control(char byte) { return (static_cast<unsigned char>(byte) < 0x20 && byte != '\t') || byte == 0x7f; }

}  // namespace

BodyDecoder::BodyDecoder(const Framing& framing) : state_(State::done), left_(framing.size) {
  if (!framing.has_body()) return;
  state_ = framing.body == Framing::Body::chunked ? State::size : State::sized_data;
}

BodyDecoder::Step BodyDecoder::step(std::string_view bytes) {
  for (std::size_t used = 0; used < bytes.size() && !is_done(); ++used) {
    if (state_ == State::data || state_ == State::sized_data) {
      Step step = take_data(bytes.substr(used));
      step.used += used;
      return step;
    }
    if (!take(bytes[used]))
      return {
          used + 1,
          {},
          Refusal{400, "bad_framing", "The chunks of the body are broken; send it again, or with a Content-Length."}};
    if (is_done()) return {used + 1};
  }
  return {bytes.size()};
}

BodyDecoder::Step BodyDecoder::take_data(std::string_view bytes) {
  const std::string_view payload = bytes.substr(0, std::min<std::uint64_t>(bytes.size(), left_));
  left_ -= payload.size();
  if (left_ == 0) state_ = state_ == State::data ? State::data_return : State::done;
  return {payload.size(), payload};
}

bool BodyDecoder::take(char byte) {
  switch (state_) {
    case State::size:
      return is_hex_digit(byte) && take_size_digit(byte);
    case State::more_size:
      if (is_hex_digit(byte)) return take_size_digit(byte);
      if (byte == ';') state_ = State::extension;
      return byte == ';' || expect(byte, '\r', State::size_end);
    case State::extension:
    case State::quoted:
    case State::escaped:
      return take_extension(byte);
    case State::size_end:
      if (byte != '\n') return false;
      state_ = left_ == 0 ? State::trailer : State::data;
      return true;
    case State::data_return:
      return expect(byte, '\r', State::data_end);
    case State::data_end:
      return expect(byte, '\n', State::size);
    case State::trailer:
    case State::trailer_rest:
    case State::trailer_line_end:
      return take_trailer(byte);
    case State::last_end:
      return expect(byte, '\n', State::done);
    case State::sized_data:
    case State::data:
    case State::done:
      break;
  }
  return false;
}

bool BodyDecoder::expect(char byte, char expected, State next) {
  state_ = next;
  return byte == expected;
}

bool BodyDecoder::take_size_digit(char byte) {
  if (state_ == State::size) left_ = size_digits_ = 0;
  state_ = State::more_size;
  left_ = left_ << 4 | static_cast<std::uint64_t>(hex_value(byte));
  return ++size_digits_ <= max_size_digits;
}

bool BodyDecoder::take_extension(char byte) {
  if (++extension_bytes_ > max_extension_bytes) return false;
  if (state_ == State::escaped) {
    state_ = State::quoted;
    return !is_control(byte);
  }
  if (state_ == State::quoted) {
    if (byte == '"') state_ = State::extension;
    if (byte == '\\') state_ = State::escaped;
    return !is_control(byte);
  }
  if (byte == '"') state_ = State::quoted;
  if (byte == '\r') state_ = State::size_end;
  return byte == '\r' || !is_control(byte);
}

bool BodyDecoder::take_trailer(char byte) {
  if (++trailer_bytes_ > max_trailer_bytes) return false;
  if (state_ == State::trailer_line_end) return expect(byte, '\n', State::trailer);
  if (byte == '\r') {
    state_ = state_ == State::trailer ? State::last_end : State::trailer_line_end;
    return true;
  }
  const bool may_begin = state_ != State::trailer || is_token_byte(byte);
  state_ = State::trailer_rest;
  return may_begin && !is_control(byte);
}

}  // namespace pysandbox::http
