# The program `mote`: includes only include/mote/, links the static library, so that it runs from one file.
file(GLOB cli_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cli/*.c)
if(cli_sources)
    add_executable(mote ${cli_sources})
    target_include_directories(mote PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR})
    target_link_libraries(mote PRIVATE mote_static)
endif()
