-- GET of orders by id.   wrk -s read.lua URL -- FILE     FILE: one id a line
dofile((debug.getinfo(1, "S").source:match("^@(.*/)") or "") .. "report.lua")

local requests = {}

function init(args)
	for id in io.lines(args[1]) do
		requests[#requests + 1] = wrk.format("GET", "/v1/orders/" .. id)
	end
end

function request()
	return requests[math.random(#requests)]
end
