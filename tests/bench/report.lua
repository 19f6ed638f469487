-- Shared by the wrk scripts: the result as one line of JSON. wrk corrects its percentiles for coordinated omission.
function done(summary, latency)
	local e = summary.errors
	print(string.format('{"requests": %d, "us": %d, "p99_us": %d, "bytes": %d, "errors": %d}', summary.requests,
		summary.duration, latency:percentile(99), summary.bytes, e.connect + e.read + e.write + e.status + e.timeout))
end
