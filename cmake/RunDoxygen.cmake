# Runs Doxygen; whatever it warns of, such as a function without a comment, is an error. -DDOXYGEN=program -DOUTPUT=folder of the Doxyfile
cmake_minimum_required(VERSION 3.25)
if(NOT DOXYGEN)
  message(FATAL_ERROR "Doxygen is missing: apt-get install doxygen, and configure again")
endif()
file(REMOVE_RECURSE "${OUTPUT}/api")
execute_process(COMMAND "${DOXYGEN}" "${OUTPUT}/Doxyfile" COMMAND_ERROR_IS_FATAL ANY)
file(STRINGS "${OUTPUT}/warnings" warnings)
# The two members of a sequence are the same in all of them, and said once.
list(FILTER warnings EXCLUDE REGEX "Member (len|items) \\(variable\\) of struct corbel_[a-z0-9_]+ is not documented")
if(warnings)
  list(JOIN warnings "\n" warnings)
  message(FATAL_ERROR "${warnings}")
endif()
