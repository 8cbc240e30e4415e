# The catalogue of known models is a data file; the library carries its bytes, tools/get-model reads the file itself.
set(mote_catalogue ${CMAKE_SOURCE_DIR}/data/catalogue.json)
set(mote_catalogue_c ${CMAKE_BINARY_DIR}/generated/catalogue_data.c)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${mote_catalogue})
file(READ ${mote_catalogue} bytes HEX)
string(LENGTH "${bytes}" n_bytes)
math(EXPR n_bytes "${n_bytes} / 2")
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)" "\\1\n    " bytes "${bytes}")
file(CONFIGURE OUTPUT ${mote_catalogue_c} @ONLY CONTENT [[/* Made from data/catalogue.json by cmake/catalogue.cmake. */
#include "store/catalogue.h"

const char mote_catalogue_data[] = {
    @bytes@0};
const size_t mote_catalogue_data_bytes = @n_bytes@;
]])
target_sources(mote_store PRIVATE ${mote_catalogue_c})
