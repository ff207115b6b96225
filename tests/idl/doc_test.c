/* Doc comments: which declaration gets which, and what is left of them. */
#include "tests/idl/support.h"

static const char text[] = "/** The file. */\n"
                           "#define X\n"
                           "module m { /**< lost */\n"
                           "    // not a doc\n"
                           "    /* nor this */\n"
                           "    /*** nor this */\n"
                           "    //// nor this\n"
                           "    const long NONE = 1;\n"
                           "\n"
                           "    /** One. */ /** Two. */\n"
                           "    const long LAST = 1;\n"
                           "    /**\n"
                           "     * First line.\n"
                           "     *\n"
                           "     *   indented\n"
                           "     * last\n"
                           "     */\n"
                           "    struct Block {\n"
                           "        long a; /**< behind a */\n"
                           "        /// before b\n"
                           "        long b; ///< behind b\n"
                           "                ///< goes on\n"
                           "        /// not b's\n"
                           "        long c, d;\n"
                           "        long e;\n"
                           "        ///< on its own line: nobody's\n"
                           "        long f;\n"
                           "    };\n"
                           "    ///   three\n"
                           "    ///     slashes\n"
                           "    /// each\n"
                           "    enum Kind {\n"
                           "        A, ///< is a\n"
                           "        /** is b */ B\n"
                           "        , C /**< is c */ };\n"
                           "    /** An interface.\n"
                           "        With text. */\n"
                           "    interface I {\n"
                           "        /** gets */ attribute long x, y; ///< both\n"
                           "        /** calls */\n"
                           "        void f(in long p, /**< is p */\n"
                           "               /** is q */ in long q,\n"
                           "               in long r /**< is r */ ); /**< and returns */\n"
                           "        oneway void g();\n"
                           "    }; ///< of I\n"
                           "};\n"
                           "/** \xff\001 \xc3\xa9\t*/ exception E { };\n"
                           "/***/ /** */ ///\n"
                           "const long EMPTY = 1;\n";

static void each_declaration_has_its_own(void **state)
{
    static const struct {
        const char *name;
        const char *doc;
    } rows[] = {
        { "m", NULL },
        { "m::NONE", NULL },
        { "m::LAST", "Two." },
        { "m::Block", "First line.\n\n  indented\nlast" },
        { "m::Block::a", "behind a" },
        { "m::Block::b", "before b\nbehind b\ngoes on" },
        { "m::Block::c", "not b's" },
        { "m::Block::d", "not b's" },
        { "m::Block::e", NULL },
        { "m::Block::f", NULL },
        { "m::Kind", "  three\n    slashes\neach" },
        { "m::A", "is a" },
        { "m::B", "is b" },
        { "m::C", "is c" },
        { "m::I", "An interface.\nWith text.\nof I" },
        { "m::I::x", "gets\nboth" },
        { "m::I::y", "gets\nboth" },
        { "m::I::f", "calls\nand returns" },
        { "m::I::f::p", "is p" },
        { "m::I::f::q", "is q" },
        { "m::I::f::r", "is r" },
        { "m::I::g", NULL },
        { "E", "?? \xc3\xa9" },
        { "EMPTY", NULL },
    };
    (void)state;
    assert_int_equal(LENGTH_OF(rows), 24);
    compiled c = compile_text(text, NULL);
    const idl_unit *unit = good(&c);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        const idl_decl *decl = find(unit, rows[i].name);
        if (rows[i].doc == NULL) {
            assert_null(decl->doc);
        } else {
            assert_non_null(decl->doc);
            assert_string_equal(decl->doc, rows[i].doc);
        }
    }
    compiled_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_declaration_has_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
