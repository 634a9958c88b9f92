package device

import (
	"strings"
	"sync"

	"github.com/mileusna/useragent"

	"github.com/riskgate/riskgate/signals/keyed"
)

// Type is what sort of device or program an agent string claims. The zero value
// is unknown.
type Type uint8

// The types.
const (
	UnknownType Type = iota
	Mobile
	Desktop
	Tablet
	Bot
	Library
)

// Tool says how plainly an agent string names a program instead of a person's
// browser.
type Tool uint8

// The tools.
const (
	NoTool   Tool = iota
	HTTPTool      // a library or command-line client
	Headless      // a browser driven by a program
	Scanner       // a program that looks for weaknesses
)

// Agent is what an agent string claims.
type Agent struct {
	Family  uint32 // hash of browser and system, without versions
	Type    Type
	Tool    Tool
	Browser bool // claims to be an ordinary browser of today
}

// maxAgent bounds how much of an agent string is read.
const maxAgent = 512

// Agents parses agent strings and remembers the answers in a table of fixed size.
// A string seen before costs no allocation.
type Agents struct {
	hash   keyed.Hash
	shards [agentShards]agentShard
}

const (
	agentShards = 64
	agentWays   = 4
)

type agentShard struct {
	mu   sync.Mutex // guards sets
	sets []agentSet
}

type agentSet struct {
	keys   [agentWays]uint64 // 0: empty
	agents [agentWays]Agent
	next   uint8
}

// NewAgents returns a table for at least size strings.
func NewAgents(hash keyed.Hash, size int) *Agents {
	sets := 1
	for sets*agentShards*agentWays < size {
		sets *= 2
	}
	a := &Agents{hash: hash}
	for i := range a.shards {
		a.shards[i].sets = make([]agentSet, sets)
	}
	return a
}

// Parse returns what an agent string claims, and the hash of its beginning.
func (a *Agents) Parse(text []byte) (Agent, uint64) {
	if len(text) > maxAgent {
		text = text[:maxAgent]
	}
	key := max(1, a.hash.Sum(keyed.Agent, text))
	sh := &a.shards[key%agentShards]
	i := key >> 8 % uint64(len(sh.sets))
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s := &sh.sets[i]
	for w := range s.keys {
		if s.keys[w] == key {
			return s.agents[w], key
		}
	}
	w := s.next
	s.next = (w + 1) % agentWays
	s.keys[w], s.agents[w] = key, parseAgent(a.hash, string(text))
	return s.agents[w], key
}

func parseAgent(hash keyed.Hash, text string) Agent {
	ua := useragent.Parse(text)
	a := Agent{Tool: toolOf(text), Family: keyed.Short(hash.Text(keyed.Family, ua.Name+"\x00"+ua.OS))}
	switch {
	case a.Tool == HTTPTool:
		a.Type = Library
	case a.Tool != NoTool || ua.Bot:
		a.Type = Bot
	case ua.Tablet:
		a.Type = Tablet
	case ua.Mobile:
		a.Type = Mobile
	case ua.Desktop:
		a.Type = Desktop
	}
	switch ua.Name {
	case useragent.Chrome, useragent.Firefox, useragent.Safari, useragent.Edge, useragent.Opera, useragent.MobileSafari:
		a.Browser = a.Tool == NoTool && !ua.Bot
	}
	return a
}

// The marks by which programs are known, in lower case.
var (
	scanners  = []string{"sqlmap", "nikto", "nuclei", "nmap", "masscan", "zgrab", "wpscan", "gobuster", "dirbuster", "acunetix", "openvas", "hydra"}
	headless  = []string{"headlesschrome", "phantomjs", "selenium", "puppeteer", "playwright", "webdriver"}
	libraries = []string{
		"curl/", "wget/", "python-requests", "python-urllib", "aiohttp", "python-httpx", "go-http-client", "okhttp", "java/",
		"apache-httpclient", "axios/", "node-fetch", "undici", "libwww-perl", "ruby", "php/", "guzzlehttp", "postmanruntime", "httpie/",
	}
)

func toolOf(text string) Tool {
	text = strings.ToLower(text)
	switch {
	case containsAny(text, scanners):
		return Scanner
	case containsAny(text, headless):
		return Headless
	case containsAny(text, libraries):
		return HTTPTool
	}
	return NoTool
}

func containsAny(text string, marks []string) bool {
	for _, m := range marks {
		if strings.Contains(text, m) {
			return true
		}
	}
	return false
}
