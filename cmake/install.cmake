# What `cmake --install` puts where. Man page and completions come from the built program, which tells about itself.
configure_file(${CMAKE_SOURCE_DIR}/cmake/mote.pc.in ${CMAKE_BINARY_DIR}/mote.pc @ONLY)
install(TARGETS mote mote_shared mote_static)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/mote DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES ${CMAKE_BINARY_DIR}/mote.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE ${CMAKE_SOURCE_DIR}/CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(generated ${CMAKE_BINARY_DIR}/generated)
set(MOTE_GENERATED "")
foreach(form man:mote.1 bash:mote.bash zsh:_mote fish:mote.fish)
    string(REPLACE ":" ";" parts ${form})
    list(GET parts 0 kind)
    list(GET parts 1 file)
    add_custom_command(OUTPUT ${generated}/${file}
                       COMMAND ${CMAKE_COMMAND} -E make_directory ${generated}
                       COMMAND mote generate ${kind} > ${generated}/${file}
                       DEPENDS mote COMMENT "mote generate ${kind}" VERBATIM)
    list(APPEND MOTE_GENERATED ${generated}/${file})
endforeach()
add_custom_target(generated ALL DEPENDS ${MOTE_GENERATED})
install(FILES ${generated}/mote.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${generated}/mote.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME mote)
install(FILES ${generated}/_mote DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${generated}/mote.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
