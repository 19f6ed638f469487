-- GET of one path by clients that know the answer with this tag.   wrk -s poll.lua URL -- PATH TAG
dofile((debug.getinfo(1, "S").source:match("^@(.*/)") or "") .. "report.lua")

function init(args)
	request_text = wrk.format("GET", args[1], { ["If-None-Match"] = args[2] })
end

function request()
	return request_text
end
