# What all tests share: where the source is (fixtures are looked up beside it), how a test says "skipped", how long it may take; that nothing
# is left in the user's cache (tests of the cache have one of their own).
set(MOTE_TEST_ENVIRONMENT "MOTE_SOURCE_DIR=${CMAKE_SOURCE_DIR}" "MOTE_PROGRAM=$<TARGET_FILE:mote>" "MOTE_CACHE_MAX=0")
if(MOTE_SANITIZE OR CMAKE_CROSSCOMPILING OR MOTE_COVERAGE)
    list(APPEND MOTE_TEST_ENVIRONMENT "MOTE_SLOW_FACTOR=20")
else()
    list(APPEND MOTE_TEST_ENVIRONMENT "MOTE_SLOW_FACTOR=4")
endif()
if(MOTE_CI)
    list(APPEND MOTE_TEST_ENVIRONMENT "MOTE_CI=1")
endif()
set(MOTE_TEST_TIMEOUT 600)

# mote_add_test(NAME label[;label] COMMAND ...): exit 0 passes, 77 is a visible skip, anything else fails.
function(mote_add_test name labels)
    cmake_parse_arguments(TEST "" "" "COMMAND" ${ARGN})
    add_test(NAME ${name} COMMAND ${TEST_COMMAND} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "${MOTE_TEST_ENVIRONMENT}" LABELS "${labels}" SKIP_RETURN_CODE 77 TIMEOUT ${MOTE_TEST_TIMEOUT})
endfunction()
