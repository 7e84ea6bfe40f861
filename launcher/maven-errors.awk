# What went wrong in each module of a Maven log, in at most `lines` lines: no module's many failures hide another's only one.
# Of tests, Surefire's summary of the module; of others, what is marked as an error.

function begin(name) {
  module = name
  summary = 0
}

function keep(line) {
  if (!(module in count)) {
    failed[++modules] = module
    count[module] = 0
  }
  if (!seen[module, line]++)
    kept[module, ++count[module]] = length(line) > 300 ? substr(line, 1, 300) "…" : line
}

function forget() {
  while (module in count && count[module] > 0)
    delete seen[module, kept[module, count[module]--]]
}

BEGIN { begin("Maven") }

/^\[INFO\] Building Caisson/ {
  sub(/^\[INFO\] Building /, "")
  sub(/ +[0-9][^ ]*-SNAPSHOT.*/, "")
  begin($0)
  next
}

/^\[INFO\] Reactor Summary/ { begin("Maven") }

/^\[ERROR\] (Failures|Errors): *$/ {
  if (!summary)
    forget()
  summary = 1
  next
}

/^\[ERROR\] Tests run:.*Time elapsed/ && summary { next }

/^\[ERROR\] Tests run:/ && summary {
  summary = 2
  keep($0)
  next
}

# An assertion's further lines have no mark.
summary == 1 && !/^\[(INFO|WARNING)\]/ { if ($0 != "") keep($0); next }

/^\[ERROR\]|^\[WARNING\] \// { if (summary != 2) keep($0) }

END {
  if (!modules)
    exit
  share = int(lines / modules) - 1
  share = share < 2 ? 2 : share
  for (i = 1; i <= modules; i++) {
    module = failed[i]
    print module ":"
    shown = count[module] > share ? share - 1 : count[module]
    for (j = 1; j <= shown; j++)
      print "  " kept[module, j]
    if (shown < count[module])
      print "  … and " (count[module] - shown) " lines more"
  }
}
