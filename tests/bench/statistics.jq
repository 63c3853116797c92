# SPDX-License-Identifier: GPL-2.0-or-later
# Order statistics and what is made of them, for `jq -L tests/bench 'include "statistics"; ...'`. Of nothing, they are null.

# The value below which a share of the numbers lies, interpolated between neighbours.
def quantile(share):
  sort | if length == 0 then null else
    ((length - 1) * share) as $at | ($at | floor) as $below
    | .[$below] + ($at - $below) * ((.[$below + 1] // .[$below]) - .[$below])
  end;

def median: quantile(0.5);

# A number with that many decimals, as text.
def fixed(decimals):
  if . == null then "-" else
    pow(10; decimals) as $scale
    | (. * $scale | round) as $n
    | (if $n < 0 then "-" else "" end) as $sign
    | ($n | fabs) as $n
    | "\($sign)\($n / $scale | floor)" + if decimals == 0 then "" else
        "." + ("\($n % $scale)" | ("0" * (decimals - length)) + .)
      end
  end;

# What a number is against the most that it is to be; without a number or a bound, nothing.
def against(bound):
  if . == null or bound == null then "" elif . <= bound then "held" else "MISSED" end;
