# SPDX-License-Identifier: Apache-2.0
#
# Embeds the live page: writes page_assets.S (each file of web/ by .incbin) and page_assets.cc (the table of them) into the build
# directory and names both in PAGE_ASSET_SOURCES. A changed file is assembled again, and its ETag, a SHA-256, follows.
set(page_files
  "/            index.html  text/html"
  "/style.css   style.css   text/css"
  "/app.js      app.js      text/javascript"
  "/awake.js    awake.js    text/javascript"
  "/format.js   format.js   text/javascript"
  "/gauges.js   gauges.js   text/javascript"
  "/header.js   header.js   text/javascript"
  "/history.js  history.js  text/javascript"
  "/keys.js     keys.js     text/javascript"
  "/lookup.js   lookup.js   text/javascript"
  "/market.js   market.js   text/javascript"
  "/newest.js   newest.js   text/javascript"
  "/order.js    order.js    text/javascript"
  "/page.js     page.js     text/javascript"
  "/panel.js    panel.js    text/javascript"
  "/pill.js     pill.js     text/javascript"
  "/row.js      row.js      text/javascript"
  "/sample.js   sample.js   text/javascript"
  "/settings.js settings.js text/javascript"
  "/spark.js    spark.js    text/javascript"
  "/state.js    state.js    text/javascript"
  "/stream.js   stream.js   text/javascript"
  "/table.js    table.js    text/javascript"
  "/watch.js    watch.js    text/javascript"
  "/worker.js   worker.js   text/javascript"
  "/favicon.svg favicon.svg image/svg+xml")

set(PAGE_INCBINS "")
set(PAGE_DECLARATIONS "")
set(PAGE_ROWS "")
set(page_paths "")
foreach(line IN LISTS page_files)
  separate_arguments(fields UNIX_COMMAND "${line}")
  list(GET fields 0 path)
  list(GET fields 1 name)
  list(GET fields 2 type)
  set(file ${PROJECT_SOURCE_DIR}/web/${name})
  string(MAKE_C_IDENTIFIER "tickcast_page_${name}" symbol)
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 32 hash)
  string(APPEND PAGE_INCBINS
    "  .global ${symbol}_begin\n  .global ${symbol}_end\n${symbol}_begin:\n  .incbin \"${file}\"\n${symbol}_end:\n")
  string(APPEND PAGE_DECLARATIONS "extern const char ${symbol}_begin[], ${symbol}_end[];\n")
  string(APPEND PAGE_ROWS "    {\"${path}\", \"${type}; charset=utf-8\", \"\\\"${hash}\\\"\", ${symbol}_begin, ${symbol}_end},\n")
  list(APPEND page_paths ${file})
endforeach()

configure_file(${CMAKE_CURRENT_LIST_DIR}/page_assets.S.in ${CMAKE_CURRENT_BINARY_DIR}/page_assets.S @ONLY)
configure_file(${CMAKE_CURRENT_LIST_DIR}/page_assets.cc.in ${CMAKE_CURRENT_BINARY_DIR}/page_assets.cc @ONLY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page_paths})
set_source_files_properties(${CMAKE_CURRENT_BINARY_DIR}/page_assets.S PROPERTIES OBJECT_DEPENDS "${page_paths}")
set(PAGE_ASSET_SOURCES ${CMAKE_CURRENT_BINARY_DIR}/page_assets.S ${CMAKE_CURRENT_BINARY_DIR}/page_assets.cc)
