# The built-in tasks are data files, data/tasks/NAME/*; the library carries their bytes.
file(GLOB mote_task_files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/data/tasks ${CMAKE_SOURCE_DIR}/data/tasks/*/*)
set(arrays "")
set(rows "")
set(i 0)
foreach(name ${mote_task_files})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/data/tasks/${name})
    file(READ ${CMAKE_SOURCE_DIR}/data/tasks/${name} bytes HEX)
    string(LENGTH "${bytes}" n_bytes)
    math(EXPR n_bytes "${n_bytes} / 2")
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    string(REGEX REPLACE "(................................................................................)" "\\1\n    " bytes "${bytes}")
    string(APPEND arrays "static const char file_${i}[] = {\n    ${bytes}0};\n")
    string(APPEND rows "    {\"${name}\", file_${i}, ${n_bytes}},\n")
    math(EXPR i "${i} + 1")
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/task_files.c @ONLY CONTENT [[/* Made from data/tasks/ by cmake/tasks.cmake. */
#include "tasks/task.h"

@arrays@
const mote_task_file mote_task_files[] = {
@rows@};
const size_t mote_n_task_files = @i@;
]])
target_sources(mote_tasks PRIVATE ${CMAKE_BINARY_DIR}/generated/task_files.c)
