# SPDX-License-Identifier: Apache-2.0
#
# tickcast_folder(<name>
#   SOURCES  a.cc b.cc        the library tickcast_<name>
#   DEPS     base market      folders it may include (their headers are on the path of all, `tools/check-includes` holds the order)
#   LIBS     OpenSSL::SSL     libraries from the distribution
#   TESTS    a_test.cc        one executable <name>_tests, each GoogleTest case a ctest case
#   FUZZ     a_fuzz.cc        one libFuzzer executable per file in fuzz/, corpus in <file stem>_corpus/
#   BENCH    a_bench.cc)      one Google Benchmark executable bench/<name>_bench
function(tickcast_folder name)
  cmake_parse_arguments(F "" "" "SOURCES;DEPS;LIBS;TESTS;TEST_LIBS;FUZZ;BENCH" ${ARGN})
  set(target tickcast_${name})
  if(F_SOURCES)
    add_library(${target} STATIC ${F_SOURCES})
    set(scope PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${target} ${scope} ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM F_DEPS PREPEND tickcast_)
  target_link_libraries(${target} ${scope} ${F_DEPS} ${F_LIBS})

  if(TICKCAST_TESTS AND F_TESTS)
    add_executable(${name}_tests ${F_TESTS})
    target_link_libraries(${name}_tests PRIVATE ${target} ${F_TEST_LIBS} GTest::gmock GTest::gtest_main)
    tickcast_register_tests(${name}_tests ${name}.)
  endif()
  if(TICKCAST_FUZZ)
    foreach(source ${F_FUZZ})
      get_filename_component(fuzzer ${source} NAME_WE)
      add_executable(${fuzzer} ${source})
      target_link_libraries(${fuzzer} PRIVATE ${target} ${F_TEST_LIBS})
      target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
      set_target_properties(${fuzzer} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
      add_dependencies(fuzzers ${fuzzer})
    endforeach()
  endif()
  if(TICKCAST_BENCH AND F_BENCH)
    add_executable(${name}_bench ${F_BENCH})
    target_link_libraries(${name}_bench PRIVATE ${target} benchmark::benchmark benchmark::benchmark_main)
    set_target_properties(${name}_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  endif()
endfunction()

# Each GoogleTest case a ctest case with a process of its own. Under sanitizers, where a process takes long to start, each
# executable is one.
function(tickcast_register_tests target prefix)
  set(environment "TICKCAST_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
  if(TICKCAST_SANITIZE)
    add_test(NAME ${target} COMMAND ${target})
    set_tests_properties(${target} PROPERTIES TIMEOUT 600 ENVIRONMENT "${environment}")
  else()
    gtest_discover_tests(${target} TEST_PREFIX ${prefix} DISCOVERY_TIMEOUT 60
      PROPERTIES TIMEOUT 120 ENVIRONMENT "${environment}")
  endif()
endfunction()
