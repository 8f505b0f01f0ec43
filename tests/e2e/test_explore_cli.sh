#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# tidepool explore, replay and merge as their user meets them: bad use, the list, findings and how
# they come back, shards and jobs, crashes, interrupts, scenarios of one's own, stories.
. "$TP_SOURCE/tests/e2e/expect.sh"

# fields FILE NAME...: of the last line of JSON in FILE, not counting the result.
fields() {
	grep -v '"type":"result"' "$1" | tail -n 1 | {
		shift
		python3 -c 'import json, sys
line = json.load(sys.stdin)
print(*(line[name] for name in sys.argv[1:]))' "$@"
	}
}

field() {
	fields "${2:-out}" "$1"
}

# same WANTED FOUND WHAT
same() {
	[ "$1" = "$2" ] || fail "$3: '$2' instead of '$1'"
}

broken=model/stale-type-broken
right=model/stale-type

# ---- a shared object with scenarios of one's own -------------------------------------------------

cat >mine.c <<'C'
#include <tidepool/explore.h>
#include <tidepool/sim.h>

struct box {
	TP_ATOMIC(int) x, y;
	int saw_x, saw_y;
};

static void *prepare(void)
{
	return tp_sim_alloc(sizeof(struct box));
}

static void left(void *arg)
{
	struct box *box = arg;

	tp_sim_note("say <&\"hello\"");
	tp_atomic_store(&box->x, 1, TP_RELAXED);
	box->saw_y = tp_atomic_load(&box->y, TP_RELAXED);
}

static void right(void *arg)
{
	struct box *box = arg;

	tp_atomic_store(&box->y, 1, TP_RELAXED);
	box->saw_x = tp_atomic_load(&box->x, TP_RELAXED);
}

static void start(void *box)
{
	tp_sim_start("left", left, box);
	tp_sim_start("right", right, box);
}

static void check(void *arg)
{
	struct box *box = arg;

	TP_EXPECT(box->saw_x || box->saw_y);
}

TP_SCENARIO(store_buffer, { .name = "mine/store-buffer", .summary = "each looks for the other",
			    .prepare = prepare, .start = start, .check = check })

static void fail_twice(void *arg)
{
	unsigned page = tp_sim_choose("which page", 3);
	bool one = tp_sim_fault("mine/one"), two = tp_sim_fault("mine/two");

	(void)arg;
	TP_EXPECT(!(one && two && page == 2));
}

static void start_faults(void *box)
{
	tp_sim_start("only", fail_twice, box);
}

TP_SCENARIO(faults, { .name = "mine/faults", .summary = "two steps fail", .start = start_faults })

static void wild(void *arg)
{
	struct box *box = arg;

	if (tp_atomic_load(&box->x, TP_RELAXED))
		__builtin_trap();
	tp_atomic_store(&box->x, 1, TP_RELAXED);
}

static void start_wild(void *box)
{
	tp_sim_start("one", wild, box);
	tp_sim_start("two", wild, box);
}

TP_SCENARIO(crash, { .name = "mine/crash", .summary = "one of two crashes", .prepare = prepare,
		     .start = start_wild })

static void count(void *arg)
{
	struct box *box = arg;

	for (int i = 0; i < 20; i++)
		tp_atomic_add(&box->x, 1, TP_RELAXED);
}

static void start_count(void *box)
{
	for (int i = 0; i < 4; i++)
		tp_sim_start("counter", count, box);
}

TP_SCENARIO(endless, { .name = "mine/endless", .summary = "more orders than anyone can try",
		       .prepare = prepare, .start = start_count })
C
${CC:-cc} -g -shared -fPIC -Wall -Wextra -Werror -I"$TP_SOURCE/include" mine.c -o mine.so \
	-L"$TP_BUILD" -ltidepool-sim
# shellcheck disable=SC3045 # every sh that Linux has knows it
ulimit -c 0

# ---- two copies of the library -------------------------------------------------------------------

# The command has its own rooms; of the simulated library it may use nothing but the explorer.
foreign=$(nm -D --undefined-only "$TIDEPOOL" | awk '$NF ~ /^tp_/ { print $NF }' |
	grep -Ev '^tp_(explore|replay|scenario|story|strategy)(_|@|$)' || true)
same '' "$foreign" 'what the command takes from the simulated library'
exported=$(nm -D --defined-only "$TIDEPOOL" | awk '$NF ~ /^tp_/ { print $NF }')
same '' "$exported" 'what the command would put in place of the simulated library'

# ---- wrong use -----------------------------------------------------------------------------------

for command in explore replay merge; do
	expect 0 "$TIDEPOOL" "$command" --help
	silent err
	expect 2 "$TIDEPOOL" "$command" --no-such-option
	silent out
	says err "tidepool $command: unrecognized option"
done

# wrong MESSAGE ARGUMENT...
wrong() {
	message=$1
	shift
	expect 2 "$TIDEPOOL" "$@"
	silent out
	says err "$message"
}

wrong 'there is no scenario "none"' explore none
wrong "did you mean $right?" explore stale-type
wrong 'no scenario is called like' explore 'none/*'
wrong 'none.lua' explore none.lua
wrong 'none of random, pct' explore --strategy luck "$right"
wrong '"many" is no number' explore --runs many "$right"
wrong '"-1" is no number' explore --faults -1 "$right"
wrong 'too many' explore --faults 4294967296 "$right"
wrong 'no duration' explore --time 5 "$right"
wrong 'neither sc nor c11' explore --memory tso "$right"
wrong 'at most' explore --jobs 100000 "$right"
for shard in 0/4 5/4 1/0 1 1/2/3 1/x ' 1/2' -1/2 99999999999/99999999999; do
	wrong 'not of the form I/N' explore --shard="$shard" "$right"
done
wrong 'none.so cannot be read' explore --load none.so
wrong 'mine.c: ' explore --load mine.c
wrong 'has no new scenario' explore --load "$TP_BUILD/libtidepool-sim.so"
wrong 'which scenario' replay
wrong 'there is no scenario "none"' replay none -
wrong '"much" is too much' replay "$right" - much
wrong 'none of text, html, chrome' replay "$right" --story=pdf
wrong '--brief: of what' replay "$right" --brief
wrong '--output: of what' replay "$right" --output x
wrong 'both want standard output' replay "$right" --json --story
wrong 'cannot be written' replay "$right" --story --output none/story
for token in nonsense '' '0.' '0.1>99' '!999' ',' '0.1>1,' '0.1>1 '; do
	wrong 'does not fit' replay "$right" "$token"
done
wrong 'which files' merge
wrong 'none.json cannot be read' merge none.json
wrong 'no output of "tidepool explore --json"' merge mine.c
wrong 'no report' merge /dev/null
echo '{"schema":2,"type":"explore","runs":1}' >bad.json
wrong 'is missing or wrong' merge bad.json
echo '{"schema":99,"type":"explore"}' >bad.json
wrong 'another version' merge bad.json

# ---- the list ------------------------------------------------------------------------------------

expect 0 "$TIDEPOOL" explore
silent err
says out "^$right  *[a-z]"
LC_ALL=C sort -c out || fail 'the list is not sorted'
mv out whole
expect 0 "$TIDEPOOL" explore --list
cmp -s out whole || fail '--list is not what explore prints without a scenario'
expect 0 "$TIDEPOOL" explore --list 'model/*'
[ -s out ] || fail 'a pattern lists nothing'
if grep -qv '^model/' out; then
	fail 'a pattern lists something else'
fi
expect 0 "$TIDEPOOL" explore --list --json "$right"
same "$right" "$(field name)" 'name'
expect 0 "$TIDEPOOL" explore --load mine.so
says out '^mine/store-buffer '

# ---- what holds, and what does not ---------------------------------------------------------------

expect 0 "$TIDEPOOL" explore "$right"
says out "^$right .* COMPLETE "
says out '^HELD  in every order'
silent err
expect 0 "$TIDEPOOL" explore --quiet "$right"
same 1 "$(wc -l <out)" 'lines with --quiet'
expect 0 "$TIDEPOOL" explore "$right" --strategy random --runs 50
says out ' CAPPED  *50 '
says out '^HELD  in 50 runs; there are more'

expect 1 "$TIDEPOOL" explore "$broken" --json
[ "$(field runs)" -le 20 ] || fail 'DPOR takes more than 20 runs'
token=$(field token)
finding=$(field finding)
same "$(field replay)" "tidepool replay $broken '$token'" 'replay'
expect 1 "$TIDEPOOL" explore "$broken"
says out ' FOUND '
says out 'deviation'
tail -n 1 out | grep -q "^replay: tidepool replay $broken '$token'$" || fail 'no replay command'
silent err
expect 1 "$TIDEPOOL" explore "$right" "$broken" "$right"
says out '^FOUND  something in [0-9]* of 2 scenarios; 1 complete, 0 capped'

for strategy in random pct dfs sleep dpor bound; do
	expect 1 "$TIDEPOOL" explore "$broken" --strategy "$strategy" --runs 100000
done
if grep -q "$(printf '\033')" out err; then
	fail 'colours without a terminal'
fi
if [ "$(wc -L <out)" -gt 100 ]; then
	fail 'a line is over 100 columns'
fi

# ---- JSON ----------------------------------------------------------------------------------------

expect 1 "$TIDEPOOL" explore --json 'model/*'
python3 - out <<'PYTHON' || fail 'the JSON is not as the man page says'
import json, sys
*reports, result = map(json.loads, open(sys.argv[1]))
assert result["type"] == "result" and result["verdict"] == "finding", result
for report in reports:
    assert report["schema"] == 2 and report["type"] == "explore", report
    found = report["failed"] > 0
    assert report["verdict"] == ("finding" if found else
                                 "complete" if report["complete"] else "capped"), report
    for name in ("finding", "token", "replay"):
        assert (report[name] is not None) == found, report
    assert isinstance(report["sites"], list)
PYTHON

# ---- one run again -------------------------------------------------------------------------------

expect 1 "$TIDEPOOL" replay "$broken" "$token" --json
same "$finding" "$(field finding)" 'finding'
hash=$(field hash)
expect 1 "$TIDEPOOL" replay "$broken" "$token" --json
same "$hash" "$(field hash)" 'hash of the second run'
expect 1 "$TIDEPOOL" replay "$broken" "$token"
says out "^FOUND  .*model_stale_type.c"
says out "hash $hash"
expect 0 "$TIDEPOOL" replay "$broken"
says out '^HELD '
expect 0 "$TIDEPOOL" replay "$right" -

for format in text html chrome; do
	expect 1 "$TIDEPOOL" replay "$broken" "$token" --story="$format"
	silent err
	mv out first
	expect 1 "$TIDEPOOL" replay "$broken" "$token" --story="$format" --output "story.$format"
	says out "hash $hash"
	cmp -s first "story.$format" || fail "the same token tells another story as $format"
done
says story.text 'goes first here; .* could have gone on'
says story.text "hash $hash"
if [ "$(wc -L <story.text)" -gt 100 ]; then
	fail 'a line of the story is over 100 columns'
fi
expect 1 env COLUMNS=70 "$TIDEPOOL" replay "$broken" "$token" --story
if [ "$(wc -L <out)" -gt 90 ]; then
	fail 'the story does not fit its columns'
fi
expect 1 "$TIDEPOOL" replay "$broken" "$token" --story --brief
[ "$(wc -l <out)" -lt "$(wc -l <story.text)" ] || fail '--brief is not shorter'
says out 'goes first here'

if grep -Eq '(src|href)=|https?:|@import|url\(' story.html; then
	fail 'the page needs something else'
fi
python3 - story.html story.chrome <<'PYTHON' || fail 'a story is malformed'
import html.parser, json, sys

class Page(html.parser.HTMLParser):
    VOID = {"meta", "input", "br", "option"}

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID and tag != "wbr":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (tag, self.getpos())

page = Page()
page.feed(open(sys.argv[1]).read())
assert not page.open, page.open

events = json.load(open(sys.argv[2]))["traceEvents"]
names = {e["args"]["name"] for e in events if e["ph"] == "M" and e["name"] == "thread_name"}
assert len(names) == 3, names
steps = [e for e in events if e["ph"] == "X" and e["cat"] == "step"]
assert steps and all(e["args"]["at"] for e in steps)
assert any(e.get("cat") == "switch" and e["ph"] == "i" for e in events)
assert sum(e["ph"] == "s" for e in events) == sum(e["ph"] == "f" for e in events) > 0
assert any(e.get("cat") == "finding" for e in events)
PYTHON

# ---- scenarios of one's own ----------------------------------------------------------------------

expect 0 "$TIDEPOOL" explore --load mine.so mine/store-buffer
says out ' COMPLETE '
expect 1 "$TIDEPOOL" explore --load ./mine.so mine/store-buffer --memory c11
replay=$(tail -n 1 out)
same 'replay: tidepool replay mine/store-buffer --load ./mine.so --memory c11 c11/=0:1' "$replay" \
	'the replay command'
expect 1 "$TIDEPOOL" replay mine/store-buffer c11/=0:1 --load ./mine.so --memory c11 --story
says out '== .*sees an old value'
says out '"say <&"hello""'
expect 1 "$TIDEPOOL" replay mine/store-buffer c11/=0:1 --load mine.so --story=html
says out 'say &lt;&amp;&quot;hello&quot;'
expect 0 "$TIDEPOOL" explore --load mine.so mine/faults --json
same 3 "$(field runs)" 'runs without faults'
expect 0 "$TIDEPOOL" explore --load mine.so mine/faults --faults 1
expect 1 "$TIDEPOOL" explore --load mine.so mine/faults --faults 2 --json
faulty=$(field token)
python3 - out <<'PYTHON' || fail 'the fault sites are not in the report'
import json, sys
sites = {site["name"]: site for site in json.loads(next(open(sys.argv[1])))["sites"]}
assert set(sites) == {"mine/one", "mine/two"} and sites["mine/one"]["injected"], sites
PYTHON
expect 0 "$TIDEPOOL" explore --load mine.so mine/faults --faults 1 --sites
says out '^mine/one  *[1-9]'
says out '^mm/isolate  *never met'
expect 0 "$TIDEPOOL" explore --load mine.so mine/faults --faults 1 --sites --json
says out '"type":"site","name":"mm/isolate".*"hits":0,"injected":0'
expect 1 "$TIDEPOOL" replay --load mine.so mine/faults "$faulty" --faults 2 --story
says out '!! mine/two FAILS'
says out '?? chooses which page: 2'

# ---- shards, and their sum -----------------------------------------------------------------------

counts() {
	fields "$1" runs steps failed first_failed token
}

for strategy in random pct; do
	expect 1 "$TIDEPOOL" explore "$broken" --strategy "$strategy" --runs 20000 --keep-going \
		--json
	mv out whole
	for i in 1 2 3; do
		code=0
		"$TIDEPOOL" explore "$broken" --strategy "$strategy" --runs 20000 --keep-going \
			--json --shard "$i/3" >"shard$i" || code=$?
		[ "$code" -eq 1 ] || fail "shard $i/3 of $strategy: exit code $code"
	done
	expect 1 "$TIDEPOOL" merge shard3 shard1 shard2 --json
	same "$(counts whole)" "$(counts out)" "three shards of $strategy"
	expect 1 "$TIDEPOOL" explore "$broken" --strategy "$strategy" --runs 20000 --keep-going \
		--json --jobs 3
	same "$(counts whole)" "$(counts out)" "three jobs of $strategy"
done

# Without --keep-going the first finding is the same however many search.
expect 1 "$TIDEPOOL" explore "$broken" --strategy random --seed 7 --json
mv out whole
expect 1 "$TIDEPOOL" explore "$broken" --strategy random --seed 7 --json --jobs 4
same "$(fields whole first_failed token)" "$(fields out first_failed token)" \
	'the first finding of four jobs'

for i in 1 2 3 4 5; do
	expect 0 "$TIDEPOOL" explore "$right" --json --shard "$i/5"
	mv out "shard$i"
done
expect 0 "$TIDEPOOL" merge shard1 shard2 shard3 shard4 shard5
says out ' COMPLETE '
silent err
# shellcheck disable=SC2002 # standard input is what is tested
cat shard1 shard2 shard3 shard4 shard5 | "$TIDEPOOL" merge - --json >out
same True "$(field complete)" 'complete'
expect 1 "$TIDEPOOL" merge shard1 shard3 shard4
says out ' CAPPED '
says err 'of 5 shards these are missing: 2 5$'
wrong 'shard 3/5 .* is in shard3 already' merge shard1 shard3 shard3
expect 0 "$TIDEPOOL" explore "$right" --json --shard 2/5 --strategy sleep
mv out other
wrong 'another strategy than in shard1' merge shard1 other
expect 0 "$TIDEPOOL" explore "$right" --json --shard 2/4
mv out other
wrong 'another number of shards' merge shard1 other

for i in 1 2; do
	"$TIDEPOOL" explore 'model/*' --json --shard "$i/2" >"shard$i" || true
done
expect 1 "$TIDEPOOL" merge shard1 shard2
says out "^$right .* COMPLETE "
says out '^FOUND  something in [0-9]* of '
expect 0 "$TIDEPOOL" explore "$right" --jobs 3
says out ' COMPLETE '
expect 1 "$TIDEPOOL" explore "$broken" --jobs 3
tail -n 1 out | grep -q '^replay: tidepool replay ' || fail 'no replay command of three jobs'

# ---- crashes -------------------------------------------------------------------------------------

# In a job a crash is a finding, in this process it is a crash; both say how to get there again.
# crashes COMMAND...
crashes() {
	code=0
	"$@" >out 2>err || code=$?
	[ "$code" -gt 128 ] || fail "exit code $code of a crash: $*"
}

expect 1 "$TIDEPOOL" explore --load mine.so mine/crash "$right" --jobs 2 --json
same 'crashed with signal' "$(head -n 1 out | grep -o 'crashed with signal')" 'the finding'
same complete "$(field verdict)" 'the search after a crash'
head -n 1 out >crash
same "tidepool replay mine/crash --load mine.so $(field token crash)" "$(field replay crash)" \
	'the replay command of a crash'
crashes "$TIDEPOOL" replay --load mine.so mine/crash "$(field token crash)"
if grep -q 'tidepool:' err; then
	fail 'a replayed crash is caught'
fi
crashes "$TIDEPOOL" explore --load mine.so mine/crash
says err "^tidepool: it crashed; replay: tidepool replay mine/crash --load mine.so '-'\$"

# ---- interrupts ----------------------------------------------------------------------------------

# It would end suddenly before.
catches_interrupts() {
	caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$pid/status")
	[ $((0x$caught & 2)) -ne 0 ]
}

for jobs in 1 2; do
	"$TIDEPOOL" explore --load mine.so mine/endless "$right" --jobs "$jobs" >out 2>err &
	pid=$!
	await catches_interrupts
	sleep 1
	interrupt INT
	says out 'mine/endless .* CAPPED '
	says err '^INTERRUPTED'
done
expect 0 "$TIDEPOOL" explore --load mine.so mine/endless --time 200ms
says out ' CAPPED '

# ---- completion ----------------------------------------------------------------------------------

cat >complete.bash <<'BASH'
. "$1/src/cli/tidepool.bash"
# completes WANTED WORD...: the last word is completed.
completes() {
	local wanted=$1
	shift
	COMP_WORDS=("$tidepool" "$@") COMP_CWORD=$#
	_tidepool
	[ "${COMPREPLY[*]}" = "$wanted" ] || { echo "$*: ${COMPREPLY[*]}"; exit 1; }
}
tidepool=$2 commands=$3
PATH=$PATH:$PWD/folder
completes explore expl
completes '--strategy' explore --st
completes 'dfs dpor' explore --strategy d
completes "model/stale-type model/stale-type-broken" explore model/stale-t
completes 'c11' replay --memory c

# A line is broken at "=" too, so that NAME=VALUE comes as three words.
completes 'folder' mount fol
completes 'folder/script.lua' mount folder folder/s
completes 'folder/script.lua' mount --allow-other folder folder/s
completes '--allow-other' mount --al
completes 'folder' ctl --json fol
completes "$commands" ctl folder ''
completes 'load loads' ctl folder lo
completes 'name= node=' ctl folder plug n
completes 'none auto kernel movable' ctl folder plug online =
completes 'none' ctl folder plug name = dimm online = n
completes 'movable' ctl folder online zone = m
completes 'GOING_ONLINE GOING_OFFLINE' ctl folder veto event = GOING
completes 'deadline=' ctl folder unplug de
completes '' ctl folder quit n
completes 'net net_stats net_set net_reset' ctl machine net
completes 'false' ctl machine net_set name = avf0 promisc = f
completes '' ctl machine net_set mtu = 9
completes 'show stats set' net s
completes '--json' net --j
completes 'machine' net show mach
completes 'avf0 avf1' net set machine a
completes 'tx_ring= tx_usecs= tx_csum= tx_vlan=' net set machine avf0 tx
completes 'true false' net set machine avf0 tso =
completes 'true' net set --json machine avf0 queues = 4 tso = t
completes 'queues=' net set machine avf0 tso = true q
completes '' net set machine avf0 mtu = 9
completes '' net stats machine avf0 q
completes 'gpu gpu_stats gpu_reset gpu_dump' ctl machine gp
completes 'show stats' gpu s
completes 'gpu0' gpu stats machine ''
completes '' gpu show machine gpu0 q
completes 'folder' exec fol
completes 'own-tool' exec folder own-t
completes 'folder/script.lua folder/second' exec folder own-tool folder/s
BASH
mkdir -p folder machine/tidepool/net machine/tidepool/gpu
touch machine/tidepool/net/avf0 machine/tidepool/net/avf1 machine/tidepool/gpu/gpu0
touch folder/script.lua folder/second folder/own-tool
chmod +x folder/own-tool
# What the control channel can be told, as the help has it.
commands=$("$TIDEPOOL" ctl --help | tr -s '\n ' ' ' |
	sed 's/.*Commands: \([^.]*\)\..*/\1/; s/[,;]//g')
expect 0 bash complete.bash "$TP_SOURCE" "$TIDEPOOL" "$commands"

# ---- the example ---------------------------------------------------------------------------------

if command -v parallel >/dev/null; then
	export TIDEPOOL
	expect 0 "$TP_SOURCE/examples/explore-jobs/parallel.sh" 4 "$right"
	says out ' COMPLETE '
	expect 1 "$TP_SOURCE/examples/explore-jobs/parallel.sh" 3 'model/*'
	says out '^replay: tidepool replay '
	expect 2 "$TP_SOURCE/examples/explore-jobs/parallel.sh" 3
else
	echo 'the example with GNU parallel was left out: there is no parallel'
fi
