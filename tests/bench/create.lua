-- Orders that were never sent before, of customers drawn from a pool.
--   wrk -s create.lua URL -- TEMPLATE LABEL POOL
-- TEMPLATE: file with the body; {ORDER} and {CUSTOMER} stand for a number. LABEL keeps runs apart.
dofile((debug.getinfo(1, "S").source:match("^@(.*/)") or "") .. "report.lua")

local head, middle, tail, label, pool
local sent = 0

function init(args)
	local file = assert(io.open(args[1]))
	head, middle, tail = file:read("*a"):match("^(.*){ORDER}(.*){CUSTOMER}(.*)$")
	file:close()
	label, pool = args[2], tonumber(args[3])
	wrk.method, wrk.path = "POST", "/v1/orders"
	wrk.headers["Content-Type"] = "application/json"
	math.randomseed(tonumber(label))
end

function request()
	sent = sent + 1
	return wrk.format(nil, nil, nil, head .. label .. "-" .. sent .. middle .. (100000 + math.random(0, pool - 1)) .. tail)
end
