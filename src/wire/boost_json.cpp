// Boost.JSON's own sources, compiled once here, so that nobody who links pysandbox has to link it.
#include <boost/json/src.hpp>
