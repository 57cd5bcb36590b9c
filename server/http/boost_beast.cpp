// Beast's own code, compiled once: everybody else has BOOST_BEAST_SEPARATE_COMPILATION.
#include <boost/beast/src.hpp>
