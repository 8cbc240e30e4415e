# The program `mote`: includes only include/mote/, links the static library, so that it runs from one file.
file(GLOB cli_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cli/*.c)
add_executable(mote ${cli_sources})
target_include_directories(mote PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(mote PRIVATE mote_static PkgConfig::edit)

# Runs a program without a network; the demo and the tests use it. Not installed.
if(NOT CMAKE_CROSSCOMPILING)
    add_executable(no-network ${CMAKE_SOURCE_DIR}/tools/no-network.c)
    target_link_libraries(no-network PRIVATE PkgConfig::seccomp)
endif()
