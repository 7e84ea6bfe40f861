# Compares facts. Input: {spec, engine, ours: [{path, value}], theirs: [{path, value}]}. $rows: differences.json.
# Output: {spec, engine, facts, listed: [{row, path, …}], unlisted: [{path, ours, theirs}]}.

def table: map({key: .path, value: .value}) | from_entries;
def whole($pattern; $text): $text | test("^(?:" + ($pattern // ".*") + ")$");
def fits($row; $run): whole($row.path; .path) and whole($row.specs; $run.spec) and whole($row.engines; $run.engine)
  and whole($row.ours; .ours) and whole($row.theirs; .theirs);

. as $run
| (.ours | table) as $ours | (.theirs | table) as $theirs
| ($ours + $theirs | keys) as $paths
| [$paths[] | {path: ., ours: ($ours[.] // "‹nothing›"), theirs: ($theirs[.] // "‹nothing›")} | select(.ours != .theirs)]
| map(. as $found | . + {row: ([$rows | to_entries[] | select(.value as $row | $found | fits($row; $run)) | .key] | first)})
| {spec: $run.spec, engine: $run.engine, facts: ($paths | length),
   listed: map(select(.row != null)), unlisted: map(select(.row == null))}
