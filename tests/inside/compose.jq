# The document of a specification, for one runtime: its base, changed by `patch` (merged), `add` (entries of lists) and
# `remove` (paths), and adapted to where it runs here; `theirs` changes it further for others than ours, `beside` for the
# container that it is run beside ($role). Input: the specification. $base: the document that it names. $engine: the runtime.
# $directory, $volumes: directories of that runtime alone, the bundle's the first. $image, $uppers, $namespaces: for all.
# $beside: the first process of the other container. $cgroup: where its cgroups may be. $limits: the probe's own resource
# limits on the host.

def appended($more):
  if type == "object" and ($more | type) == "object" then
    reduce ($more | keys[]) as $key (.; .[$key] = (.[$key] | appended($more[$key])))
  else (. // []) + $more end;

# Where a tool bound its own files, there are ones of the same names here.
def source_here: if startswith($volumes) then . else $volumes + "/" + (split("/") | last) end;

def placed: walk(if type == "string" then
    sub("@VOLUMES@"; $volumes) | sub("@ROOTFS@"; $directory + "/rootfs") | sub("@IMAGE@"; $image) | sub("@UPPERS@"; $uppers)
    | sub("@NAMESPACES@"; $namespaces) | sub("@BESIDE@"; "/proc/\($beside)/ns")
  else . end);

def changed($by): (. * ($by.patch // {})) | appended($by.add // {}) | delpaths($by.remove // []);

def is_bind: .type == "bind" or ((.options // []) | any(. == "bind" or . == "rbind"));

# 18446744073709551615 as jq 1.6 prints it; the script puts it right.
def infinity: 18446744073709552000;

# Root of a test machine may not always raise limits.
def within($name): ($limits[$name].hard | if . == "unlimited" then infinity else tonumber end) as $most
  | if $most < infinity then (if .soft > $most then .soft = $most else . end) | (if .hard > $most then .hard = $most else . end) else . end;

. as $spec
| $base
| if $role == "beside" then changed($spec.beside) else changed($spec) end
| if $engine != "caisson" then changed($spec.theirs // {}) else . end
| placed
| .process.args = ["/bin/probe"] + (if $role == "beside" or $spec.exec then ["--wait"] else $spec.paths // [] end)
| .process.terminal = ($role == "" and ($spec.exec | not) and ($spec.patch.process.terminal // false))
| .root.path = $directory + (if $engine != "caisson" and $spec.theirs.root then "/root" else "/rootfs" end)
| if .process.rlimits then .process.rlimits |= map((.type | ltrimstr("RLIMIT_")) as $name | within($name)) else . end
| .mounts = [.mounts[] | if is_bind then .source |= source_here else . end]
# Programs of the tool that made the document; hooks have tests of their own.
| del(.hooks)
| .linux.cgroupsPath = $cgroup + "/" + ($directory | split("/") | last) + "-" + $engine
