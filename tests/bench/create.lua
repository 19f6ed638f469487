-- Orders that were never sent before, of customers drawn from a pool.
--   wrk -s create.lua URL -- TEMPLATE LABEL POOL [RATE]
-- TEMPLATE: file with the body; {ORDER} and {CUSTOMER} stand for a number. LABEL keeps runs apart. RATE: at most so many a
-- second, by a time-table that does not wait for answers; without it, each connection sends when it has its answer.
dofile((debug.getinfo(1, "S").source:match("^@(.*/)") or "") .. "report.lua")
local ffi = require("ffi")
ffi.cdef("typedef struct { long s, ns; } moment; int clock_gettime(int clock, moment *ret);")

local head, middle, tail, label, pool
local sent, due = 0, 0
local moment = ffi.new("moment")

local function now_ms()
	ffi.C.clock_gettime(1, moment)
	return tonumber(moment.s) * 1e3 + tonumber(moment.ns) / 1e6
end

function init(args)
	local file = assert(io.open(args[1]))
	head, middle, tail = file:read("*a"):match("^(.*){ORDER}(.*){CUSTOMER}(.*)$")
	file:close()
	label, pool = args[2], tonumber(args[3])
	wrk.method, wrk.path = "POST", "/v1/orders"
	wrk.headers["Content-Type"] = "application/json"
	math.randomseed(tonumber(label))
	if args[4] then
		local step = 1000 / tonumber(args[4])
		due = now_ms()
		function delay()
			due = due + step
			return math.max(0, math.floor(due - now_ms()))
		end
	end
end

function request()
	sent = sent + 1
	return wrk.format(nil, nil, nil, head .. label .. "-" .. sent .. middle .. (10000000 + math.random(0, pool - 1)) .. tail)
end
