// Asio's own code, compiled once: everybody else has BOOST_ASIO_SEPARATE_COMPILATION.
#include <boost/asio/impl/src.hpp>
