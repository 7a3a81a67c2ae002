-- Wireshark and tshark: the streams, the discovery and the private port of the Hama M360 family.
-- Written by `hamaproto dissector`.
--
--     tshark -X lua_script:hama.lua -r door.pcapng -Y hama -T fields -e frame.number -e hama.frame
--
-- Pictures are shown while their stream is open.  Only the head of an answer or of a part asks for
-- more segments (desegment_len); what follows it is counted, whether it has a length or not.

local hama = Proto("hama", "Hama M360 family")
local f = {
  frame = ProtoField.uint32("hama.frame", "Picture"),
  length = ProtoField.uint32("hama.part.length", "Length that the part declares"),
  size = ProtoField.uint32("hama.frame.size", "Bytes of the picture that are over with this packet"),
  gsm = ProtoField.uint32("hama.gsm.frame", "GSM 06.10 frame"),
  operation = ProtoField.uint16("hama.discovery.operation", "Operation", base.HEX),
  mac = ProtoField.ether("hama.discovery.mac", "MAC address"),
  name = ProtoField.string("hama.discovery.name", "Name"),
  address = ProtoField.ipv4("hama.discovery.address", "IPv4 address"),
  code = ProtoField.uint32("hama.private.code", "Code", base.HEX),
  width = ProtoField.uint16("hama.private.width", "Width"),
  height = ProtoField.uint16("hama.private.height", "Height"),
}
hama.fields = f
hama.prefs.ports = Pref.range("TCP ports of cameras", "80", "Where HTTP of a camera is spoken", 65535)

local MOST_HEAD = 16384
local GSM_FRAME = 33
local http = Dissector.get("http")
local stream_of = Field.new("tcp.stream")

-- Direction of a TCP stream -> what is known of it; and what was found in each packet.
local streams, found = {}, {}

function hama.init()
  streams, found = {}, {}
end

local function more(pinfo, at)
  pinfo.desegment_offset = at
  pinfo.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
end

-- The end of a head that begins at `from`: the place behind its empty line.
local function head_end(data, from)
  local _, a = data:find("\r\n\r\n", from, true)
  local _, b = data:find("\n\n", from, true)
  if a and b then return math.min(a, b) end
  return a or b
end

local function begin(data)
  local stop = head_end(data, 1)
  if not stop then return nil, #data < MOST_HEAD end
  local head = data:sub(1, stop)
  -- In chunks the sizes of the chunks stand among the bytes: HTTP takes them out, at the end.
  if head:lower():find("\ntransfer%-encoding:[^\r\n]*chunked") then return nil, false end
  local kind = head:lower():match("\ncontent%-type:%s*([^\r\n]*)") or ""
  if kind:find("multipart/", 1, true) then
    local name = head:match("[Bb][Oo][Uu][Nn][Dd][Aa][Rr][Yy]%s*=%s*\"?([^\"\r\n;]+)")
    name = (name or ""):gsub("^%-%-", ""):gsub("%s+$", "")
    return { kind = "pictures", delimiter = "--" .. name, frame = 0, at = stop }
  elseif kind:find("^audio/") then
    return { kind = "sound", frame = 0, got = 0, at = stop }
  end
  return nil, false
end

local function note(list, name, at, size, value)
  list[#list + 1] = { name = name, at = at, size = size, value = value }
end

-- What stands in `data` behind `pos` (from 0); gives where more is needed, or nil.
local function pictures(s, data, pos, list)
  while pos < #data do
    if not s.inside then
      local stop = head_end(data, pos + 1)
      if not stop then return #data - pos < MOST_HEAD and pos or nil end
      local head = data:sub(pos + 1, stop)
      local length = head:lower():match("content%-length:%s*(%d+)")
      s.left = length and tonumber(length)
      s.inside, s.size = true, 0
      note(list, "frame", pos, stop - pos, s.frame)
      if s.left then note(list, "length", pos, stop - pos, s.left) end
      pos = stop
    else
      local rest, over, wait = #data - pos, false, nil
      if s.left then
        rest = math.min(rest, s.left)
        s.left = s.left - rest
        over = s.left == 0
      else
        local start = data:find(s.delimiter, pos + 1, true)
        if start then
          rest, over = start - 1 - pos, true
        else
          -- The delimiter may be cut by the end of the segment.
          for n = math.min(#s.delimiter - 1, rest), 1, -1 do
            if data:sub(-n) == s.delimiter:sub(1, n) then
              rest, wait = rest - n, true
              break
            end
          end
        end
      end
      s.size = s.size + rest
      pos = pos + rest
      if over then
        note(list, "size", pos - rest, rest, s.size)
        s.inside, s.frame = false, s.frame + 1
      end
      if wait then return pos end
    end
  end
end

local function sound(s, data, pos, list)
  local first = (GSM_FRAME - s.got % GSM_FRAME) % GSM_FRAME
  for at = pos + first, #data - 1, GSM_FRAME do
    note(list, "gsm", at, math.min(GSM_FRAME, #data - at), math.floor((s.got + at - pos) / GSM_FRAME))
  end
  s.got = s.got + #data - pos
end

function hama.dissector(tvb, pinfo, tree)
  local key = tostring(stream_of().value) .. ":" .. pinfo.src_port
  local id = pinfo.number .. ":" .. tvb:len() .. ":" .. tvb:offset()
  local list = found[id]
  if not list then
    local data, s, pos = tvb:raw(), streams[key], 0
    if not s then
      if data:sub(1, 5) ~= "HTTP/" then return http:call(tvb, pinfo, tree) end
      local new, wait = begin(data)
      if not new then
        if wait then return more(pinfo, 0) end
        return http:call(tvb, pinfo, tree)
      end
      s, pos = new, new.at
      streams[key] = s
    end
    list = {}
    if s.kind == "sound" then
      sound(s, data, pos, list)
    else
      local wait = pictures(s, data, pos, list)
      if wait then more(pinfo, wait) end
    end
    found[id] = list
  end
  pinfo.cols.protocol = "HAMA"
  local shown = tree:add(hama, tvb())
  for _, one in ipairs(list) do
    if one.size > 0 then shown:add(f[one.name], tvb(one.at, one.size), one.value) end
  end
  return tvb:len()
end

-- Discovery, UDP 13364: MAC, operation, its complement; an answer has the camera's name and address.
local discovery = Proto("hama_discovery", "Hama M360 family, discovery")
function discovery.dissector(tvb, pinfo, tree)
  if tvb:len() < 10 then return 0 end
  pinfo.cols.protocol = "HAMA"
  local shown = tree:add(hama, tvb(), "Discovery")
  shown:add(f.mac, tvb(0, 6))
  shown:add(f.operation, tvb(6, 2))
  if tvb:len() >= 46 then
    shown:add(f.name, tvb(10, 32))
    shown:add(f.address, tvb(42, 4))
  end
  return tvb:len()
end

-- The private port, TCP 4321: 120 bytes each way, or 28 bytes and a JPEG.
local private = Proto("hama_private", "Hama M360 family, private port")
function private.dissector(tvb, pinfo, tree)
  if tvb:len() < 28 then return 0 end
  pinfo.cols.protocol = "HAMA"
  local shown = tree:add(hama, tvb(), "Private port")
  if tvb:len() >= 30 and tvb(28, 2):uint() == 0xFFD8 then
    shown:add(f.width, tvb(8, 2))
    shown:add(f.height, tvb(10, 2))
  else
    shown:add(f.code, tvb(0, 4))
  end
  return tvb:len()
end

local ports = DissectorTable.get("tcp.port")
local added = hama.prefs.ports
ports:add(added, hama)
function hama.prefs_changed()
  if added ~= hama.prefs.ports then
    ports:remove(added, hama)
    added = hama.prefs.ports
    ports:add(added, hama)
  end
end
ports:add(4321, private)
DissectorTable.get("udp.port"):add(13364, discovery)
