-- What wrk asks for: the paths in a file, one a line, in turn. The file is the first argument behind wrk's own `--`.
-- When it is done it prints its sums as a line of JSON, times in microseconds.

local requests = {}
local last = 0

function init(arguments)
  for path in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary, latency, _)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local line = '{"requests": %d, "took": %d, "failed": %d, "median": %d}\n'
  io.write(line:format(summary.requests, summary.duration, failed, latency:percentile(50)))
end
