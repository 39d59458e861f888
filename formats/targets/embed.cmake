# cmake -DOUT=FILE.c -DDIR=FOLDER -P embed.cmake: the targets of the folder as one array, sorted by
# name, with the sources that they share behind them.
file(GLOB FILES ${DIR}/*.yaml)
set(arrays "")
set(rows "")
list(TRANSFORM FILES REPLACE "\\.yaml$" "") # whose dot would sort behind a dash
list(SORT FILES)
list(REMOVE_ITEM FILES ${DIR}/sources)
list(APPEND FILES ${DIR}/sources)
set(n 0)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  file(READ ${file}.yaml hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR bytes "${digits} / 2")
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
  string(APPEND arrays "static const unsigned char text_${n}[] = {\n${hex}0\n};\n")
  string(APPEND rows "    { \"${name}\", (const char *)text_${n}, ${bytes} },\n")
  math(EXPR n "${n} + 1")
endforeach()
file(WRITE ${OUT} "#include \"formats/target_files.h\"\n\n${arrays}
const pare_target_file target_files[] = {\n${rows}};
const size_t n_target_files = ${n};\n")
