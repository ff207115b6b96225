# The command line: what it takes, and the exit status. -DCORBELC= -DGOLDEN=folder -DWORK=folder -DVERSION=
include("${CMAKE_CURRENT_LIST_DIR}/common.cmake")

fresh_folder("${WORK}")
file(WRITE "${WORK}/x.idl" "interface X { void f(); };\n")
file(WRITE "${WORK}/-dash.idl" "interface Dash { void f(); };\n")
file(WRITE "${WORK}/sub/x.idl" "interface Y { void f(); };\n")
file(WRITE "${WORK}/if.idl" "#if defined(A) && defined(B)\ninterface X { void f(); };\n#else\n#error not defined\n#endif\n")
file(WRITE "${WORK}/value.idl" "const long V = VALUE;\n")
file(WRITE "${WORK}/in.idl" "#include \"inner.idl\"\ninterface Z : Inner {};\n")
file(WRITE "${WORK}/there/inner.idl" "interface Inner { void f(); };\n")

run_corbelc(EXPECT 0 ARGS --help)
expect_match("${out}" "^usage: corbelc .*-I dir.*-D name.*-o dir.*-MD.*--version.*exit status:")
run_corbelc(EXPECT 0 ARGS --version)
if(NOT out STREQUAL "corbelc ${VERSION}\n")
  fail("--version says '${out}'")
endif()

foreach(wrong "" "-x x.idl" "--nonsense x.idl" "-o" "-I" "-D" "-D 1x x.idl" "-D a+b x.idl" "-D =1 x.idl" "x.txt" ".idl" "-MD"
        "x.idl sub/x.idl")
  separate_arguments(arguments UNIX_COMMAND "${wrong}")
  run_corbelc(EXPECT 2 FOLDER "${WORK}" ARGS ${arguments})
  expect_match("${err}" "^corbelc: .*\nusage: corbelc ")
endforeach()

run_corbelc(EXPECT 3 FOLDER "${WORK}" ARGS nowhere.idl)
expect_match("${err}" "^corbelc: nowhere.idl: No such file or directory\n")
file(MAKE_DIRECTORY "${WORK}/folder.idl")
run_corbelc(EXPECT 3 FOLDER "${WORK}" ARGS folder.idl)

run_corbelc(EXPECT 0 FOLDER "${WORK}" ARGS -o out -- -dash.idl)
run_corbelc(EXPECT 1 FOLDER "${WORK}" ARGS -o out if.idl)
run_corbelc(EXPECT 0 FOLDER "${WORK}" ARGS -o out -D A -DB=1 if.idl)
run_corbelc(EXPECT 0 FOLDER "${WORK}" ARGS -oout -D VALUE=42 value.idl)
file(READ "${WORK}/out/value.corbel.h" text)
expect_match("${text}" "#define V \\(\\(int32_t\\)42\\)")
run_corbelc(EXPECT 1 FOLDER "${WORK}" ARGS -o out in.idl)
run_corbelc(EXPECT 0 FOLDER "${WORK}" ARGS -o out -Ithere in.idl)
run_corbelc(EXPECT 0 FOLDER "${WORK}" ARGS -o out -I nowhere -I there in.idl)
file(READ "${WORK}/out/in.corbel.h" text)
expect_match("${text}" "#include \"inner.corbel.h\"")

# A warning is not an error.
run_corbelc(EXPECT 0 FOLDER "${WORK}" ARGS -o out "${GOLDEN}/clash/clash.idl")
expect_match("${err}" "clash.idl:[0-9]+:[0-9]+: warning: 'clash::Value_copy' is in the way")
