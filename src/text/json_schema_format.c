/* Standard formats as expressions (RFC 3339, 5321, 1123, 4291, 3986, 3987, 6901, 6570, 4122). The length of a host name is bounded beside its expression. */
#include "text/json_schema_keywords.h"

#define YEAR "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
#define LEAP_YEAR "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
#define MONTH_DAY "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
#define DATE "(?:" YEAR "-" MONTH_DAY "|" LEAP_YEAR "-02-29)"
#define ZONE "(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
#define TIME "(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?" ZONE "|23:59:60(?:\\.[0-9]+)?(?:[Zz]|[+-]00:00))"
#define CLOCK_PART "T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)"
#define DURATION "P(?:[0-9]+W|(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)(?:" CLOCK_PART ")?|" CLOCK_PART ")"

#define LABEL "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#define HOST LABEL "(?:\\." LABEL ")*"
#define OCTET "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
#define IPV4 OCTET "(?:\\." OCTET "){3}"
#define H16 "[0-9A-Fa-f]{1,4}"
#define LS32 "(?:" H16 ":" H16 "|" IPV4 ")"
#define IPV6                                                                                                                                                                     \
    "(?:(?:" H16 ":){6}" LS32 "|::(?:" H16 ":){5}" LS32 "|(?:" H16 ")?::(?:" H16 ":){4}" LS32 "|(?:(?:" H16 ":){0,1}" H16 ")?::(?:" H16 ":){3}" LS32 "|(?:(?:" H16 ":){0,2}" H16 \
    ")?::(?:" H16 ":){2}" LS32 "|(?:(?:" H16 ":){0,3}" H16 ")?::" H16 ":" LS32 "|(?:(?:" H16 ":){0,4}" H16 ")?::" LS32 "|(?:(?:" H16 ":){0,5}" H16 ")?::" H16 "|(?:(?:" H16      \
    ":){0,6}" H16 ")?::)"
#define ATOM(more) "[A-Za-z0-9!#$%&'*+/=?^_`{|}~" more "-]+"
#define QUOTED(more) "\"(?:[ !#-\\[\\]-~" more "]|\\\\[ -~])*\""
#define MAIL(more, domain) "(?:" ATOM(more) "(?:\\." ATOM(more) ")*|" QUOTED(more) ")@(?:" domain "|\\[(?:" IPV4 "|IPv6:" IPV6 ")\\])"
#define BEYOND "\\u00a0-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\uffef\\u{10000}-\\u{1fffd}\\u{20000}-\\u{2fffd}\\u{30000}-\\u{3fffd}\\u{e1000}-\\u{efffd}"

#define ESCAPED "%[0-9A-Fa-f]{2}"
#define P_CHAR(more) "(?:[A-Za-z0-9._~!$&'()*+,;=:@" more "-]|" ESCAPED ")"
#define USER(more) "(?:[A-Za-z0-9._~!$&'()*+,;=:" more "-]|" ESCAPED ")*"
#define NAME(more) "(?:[A-Za-z0-9._~!$&'()*+,;=" more "-]|" ESCAPED ")*"
#define NO_COLON(more) "(?:[A-Za-z0-9._~!$&'()*+,;=@" more "-]|" ESCAPED ")+"
#define AUTHORITY(more) "(?:" USER(more) "@)?(?:\\[(?:" IPV6 "|[vV][0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\\]|" NAME(more) ")(?::[0-9]*)?"
#define SLASHED(more) "(?:/" P_CHAR(more) "*)*"
#define TAIL(more) "(?:\\?(?:" P_CHAR(more) "|[/?])*)?(?:#(?:" P_CHAR(more) "|[/?])*)?"
#define ROOTED(more) "//" AUTHORITY(more) SLASHED(more) "|/(?:" P_CHAR(more) "+" SLASHED(more) ")?"
#define ABSOLUTE(more) "[A-Za-z][A-Za-z0-9+.-]*:(?:" ROOTED(more) "|" P_CHAR(more) "+" SLASHED(more) "|)" TAIL(more)
#define RELATIVE(more) "(?:" ROOTED(more) "|" NO_COLON(more) SLASHED(more) "|)" TAIL(more)

#define POINTER "(?:/(?:[^~/]|~[01])*)*"
#define VARIABLE "(?:[A-Za-z0-9_]|" ESCAPED ")(?:\\.?(?:[A-Za-z0-9_]|" ESCAPED "))*(?::[1-9][0-9]{0,3}|\\*)?"
#define TEMPLATE "(?:[!#$&(-;=?-\\[\\]_a-z~" BEYOND "]|" ESCAPED "|\\{[+#./;?&=,!@|]?" VARIABLE "(?:," VARIABLE ")*\\})*"

static const struct {
    const char *name, *pattern;
} formats[] = {
    {"date", "^" DATE "$"},
    {"time", "^" TIME "$"},
    {"date-time", "^" DATE "[Tt]" TIME "$"},
    {"duration", "^" DURATION "$"},
    {"email", "^" MAIL("", HOST) "$"},
    {"idn-email",
     "^" MAIL(BEYOND, "[A-Za-z0-9" BEYOND "](?:[A-Za-z0-9" BEYOND "-]*[A-Za-z0-9" BEYOND "])?(?:\\.[A-Za-z0-9" BEYOND "](?:[A-Za-z0-9" BEYOND "-]*[A-Za-z0-9" BEYOND "])?)*") "$"},
    {"hostname", "^" HOST "$"},
    {"host-name", "^" HOST "$"}, /* of draft 3, as is the next */
    {"ip-address", "^" IPV4 "$"},
    {"ipv4", "^" IPV4 "$"},
    {"ipv6", "^" IPV6 "$"},
    {"uri", "^" ABSOLUTE("") "$"},
    {"uri-reference", "^(?:" ABSOLUTE("") "|" RELATIVE("") ")$"},
    {"iri", "^" ABSOLUTE(BEYOND) "$"},
    {"iri-reference", "^(?:" ABSOLUTE(BEYOND) "|" RELATIVE(BEYOND) ")$"},
    {"uuid", "^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"},
    {"json-pointer", "^" POINTER "$"},
    {"relative-json-pointer", "^(?:0|[1-9][0-9]*)(?:#|" POINTER ")$"},
    {"uri-template", "^" TEMPLATE "$"},
};

const char *mote_schema_format(mote_str name, bool *unsupported) {
    *unsupported = mote_str_is(name, "idn-hostname") || mote_str_is(name, "regex"); /* neither is a regular language */
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (mote_str_is(name, formats[i].name))
            return formats[i].pattern;
    return NULL;
}
