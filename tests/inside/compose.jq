# The document of a specification, for one runtime: its base, changed by `patch` (merged), `add` (entries of lists) and
# `remove` (paths), and adapted to where it runs here. Input: the specification. $base: the document that it names.
# $engine, $name: of the run. $rootfs, $volumes: directories of that runtime alone. $cgroup: where its cgroups may be.

def appended($more):
  if type == "object" and ($more | type) == "object" then
    reduce ($more | keys[]) as $key (.; .[$key] = (.[$key] | appended($more[$key])))
  else (. // []) + $more end;

# Where a tool bound its own files, there are ones of the same names here.
def source_here:
  if startswith("@VOLUMES@") then sub("@VOLUMES@"; $volumes) else $volumes + "/" + (split("/") | last) end;

def is_bind: .type == "bind" or ((.options // []) | any(. == "bind" or . == "rbind"));

. as $spec
| ($base * ($spec.patch // {}))
| appended($spec.add // {})
| delpaths($spec.remove // [])
| .process.args = ["/bin/probe"] + ($spec.paths // [])
| .process.terminal = false
| .root.path = $rootfs
| .mounts = [.mounts[] | if is_bind then .source |= source_here else . end]
# Programs of the tool that made the document; hooks have tests of their own.
| del(.hooks)
| .linux.cgroupsPath = $cgroup + "/" + $engine
