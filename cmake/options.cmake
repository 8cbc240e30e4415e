# Compiler options of every target. No fast-math and no contraction: a result must not depend on what a compiler fuses (docs/architecture.md, "One result").
add_compile_options(-ffp-contract=off -fno-math-errno -Wall -Wextra -Wshadow -Wpointer-arith -Wwrite-strings -Wundef
                    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes> $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>)
if(MOTE_WERROR)
    add_compile_options(-Werror)
endif()
if(MOTE_SANITIZE)
    add_compile_options(-fsanitize=${MOTE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
    add_link_options(-fsanitize=${MOTE_SANITIZE})
endif()
if(MOTE_COVERAGE)
    add_compile_options(--coverage)
    add_link_options(--coverage)
endif()
