# What the probe saw, as one line for each fact, without what differs each time: PATH<tab>VALUE.
# $host: the probe's answer on the host. $joined: the namespaces that there are to join. $id: of the container.

def namespaces: with_entries(.key as $kind | .value |=
  if . == $host.namespaces[$kind] then "the host's" elif . == $joined[$kind] then "joined" else "its own" end);

# One mount on a target is called by it; more are numbered from the lowest.
def mounts:
  group_by(.target) | map(
    . as $same | range(length) as $at
    | {key: ($same[0].target + (if length > 1 then " #\($at + 1)" else "" end)), value: ($same[$at] | del(.target))})
  | from_entries;

def mapped: if type == "array" then map(sub("^(?<inside>[0-9]+) (?!0 )[0-9]+ "; "\(.inside) ‹some› ")) else . end;

# Named by its number, or by the container.
def keyring: sub("^keyring;(?<owner>[0-9]+);[0-9]+;[0-9a-f]+;(_ses.*|\($id))$"; "a session of its own, of \(.owner)");

# "4:memory:/a/b" by its controllers; the path is the host's affair, except that it is the root.
def membership:
  if type == "array" then
    map(split(":") | {key: (if .[1] == "" then "unified" else .[1] end), value: (if .[2] == "/" then "/" else "‹below›" end)})
    | from_entries
  else . end;

# A filesystem's ids are the host's; what the host's own device filesystem is like is its affair.
def filesystem: if .type == "devtmpfs" then .filesystem_options = "‹of the host›" else . end
  | .filesystem_options |= gsub("(?<layer>(lower|upper|work)dir)=[^,]*"; "\(.layer)=‹some›")
  | .filesystem_options |= gsub("(?<id>[ug]id)=[1-9][0-9]{5,}"; "\(.id)=‹some›");

# One sysfs is shared by all who are in a network namespace, and is as the first of them made it.
def sysfs($network): if .type == "sysfs" and $network == "joined" then .filesystem_options = "‹of the first›" else . end;

def leaves: paths(type != "object" and type != "array") as $path
  | {path: ($path | map(tostring) | join(" > ")), value: (getpath($path) | tostring | gsub("\n"; "; "))};

.namespaces |= namespaces
| .namespaces.net as $network
| .mounts |= mounts
| .mounts[]? |= (.options |= join(",") | .filesystem_options |= join(",") | filesystem | sysfs($network))
| .ids.uid_map |= mapped | .ids.gid_map |= mapped
| .session_keyring |= keyring
| .cgroups.membership |= membership
| .names.hostname |= (if . == $id then "‹id›" else . end)
| .sysctls["kernel/hostname"] |= (if . == $id then "‹id›" else . end)
| .ids.groups |= map(tostring)
| .process.visible_processes |= (if type == "array" then map(tostring) | join(",") else . end)
| .env |= join(" | ") | .argv |= join(" | ") | .ids.groups |= join(",")
| [leaves] | sort_by(.path)
