# libmote: the objects of all rooms once as a shared library, which exports what MOTE_API marks, and once as a single static archive.
set(mote_dependencies Threads::Threads m PkgConfig::jansson PkgConfig::pcre2 PkgConfig::utf8proc PkgConfig::curl)

add_library(mote_shared SHARED src/version.c ${MOTE_ROOM_OBJECTS})
set_target_properties(mote_shared PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
target_link_libraries(mote_shared PRIVATE ${mote_dependencies})
target_link_options(mote_shared PRIVATE -Wl,--no-undefined)
if(MOTE_SANITIZE)
    # clang links its sanitizer runtime into programs only.
    set_property(TARGET mote_shared PROPERTY LINK_OPTIONS "")
endif()

add_library(mote_static STATIC src/version.c ${MOTE_ROOM_OBJECTS})
target_link_libraries(mote_static PUBLIC ${mote_dependencies})

foreach(library mote_shared mote_static)
    set_target_properties(${library} PROPERTIES OUTPUT_NAME mote)
    target_include_directories(${library} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
    target_compile_definitions(${library} PRIVATE MOTE_BUILDING)
endforeach()
