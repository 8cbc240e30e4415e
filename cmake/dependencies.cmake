# Debian packages that do what isn't our field; docs/architecture.md has a line for each.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(edit IMPORTED_TARGET libedit)
pkg_check_modules(seccomp IMPORTED_TARGET libseccomp)
