# The golden test can fail: one planted byte, and a missing file, are caught.
# -DCORBELC= -DGOLDEN=folder -DWORK=folder
include("${CMAKE_CURRENT_LIST_DIR}/common.cmake")

function(expect_caught what pattern)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" "-DCORBELC=${CORBELC}" "-DINPUT=${GOLDEN}/bank/bank.idl" "-DEXPECTED=${WORK}/expected"
            "-DWORK=${WORK}/made" -P "${CMAKE_CURRENT_LIST_DIR}/golden.cmake"
    RESULT_VARIABLE status ERROR_VARIABLE err)
  if(status EQUAL 0)
    fail("${what} was not caught")
  endif()
  expect_match("${err}" "${pattern}")
endfunction()

fresh_folder("${WORK}")
file(COPY "${GOLDEN}/bank/" DESTINATION "${WORK}/expected")
file(READ "${WORK}/expected/bank.corbel.c" text)
string(REPLACE "\"withdraw\"" "\"withdrew\"" planted "${text}")
if(planted STREQUAL text)
  fail("nothing to plant in")
endif()
file(WRITE "${WORK}/expected/bank.corbel.c" "${planted}")
expect_caught("a changed word" "withdrew")
file(REMOVE "${WORK}/expected/bank.corbel.c")
expect_caught("a missing file" "is missing")
