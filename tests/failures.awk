# SPDX-License-Identifier: GPL-2.0-or-later
# Of what run-tests.sh prints: the tests that failed, each with where and the end of what it said.
function flush(i)
{
	for (i = 0; i < nr; i++)
		if (i < 3 || i >= nr - 15 || said[i] ~ /\[ +(ERROR|LINE) +\]/)
			print said[i]
	nr = 0
}
# A request of a guest, see guest.sh.
/^@/ {
	next
}
/^      / {
	if (failed)
		said[nr++] = $0
	next
}
{
	flush()
	failed = sub(/^FAIL  /, "failed: ")
}
failed
END {
	flush()
}
