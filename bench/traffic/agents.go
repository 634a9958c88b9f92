package traffic

import (
	"fmt"
	"sync"
)

// form is what sort of device a model is.
type form uint8

const (
	desktop form = iota
	mobile
	tablet
)

var formNames = [...]string{"desktop", "mobile", "tablet"}

// model is a kind of device with its browser. Agents differ by model and by the
// browser's version; JA4 and order of the header fields by engine and system.
type model struct {
	form        form
	weight      float64 // among its form
	agent       string  // takes the version as often as %[1]s stands in it
	browser, os string
	version     int // on the first day
	ja4         string
	order       uint32
}

// Releases of systems, the more usual ones first.
var (
	macs     = []string{"10_15_7", "14_6_1", "13_6_9", "10_14_6", "12_7_6", "10_13_6", "11_7_10", "15_1", "14_2", "10_12_6"}
	releases = []string{
		"18_6", "18_5", "17_6_1", "18_3_2", "17_7", "16_7_10", "18_1_1", "17_5_1", "15_8_3", "16_6_1", "18_2", "17_4_1",
		"16_3_1", "17_2", "15_7_9", "18_4_1", "14_8_1", "16_1_2", "12_5_7", "17_1_1",
	}
	androids = []string{"13", "10", "12", "14", "11", "9", "15", "8.1.0", "7.0", "8.0.0", "6.0.1", "7.1.1", "5.1.1"}
)

// models of devices: the published shares of forms (desktop 25.7, mobile 63.6,
// tablet 2.7) are those of persons' first devices; among phones many models of
// which each has a string of its own.
var catalog = sync.OnceValue(func() []model {
	const (
		chrome  = "t13d1516h2_8daaf6152771_"
		firefox = "t13d1715h2_5b57614c22b0_"
		safari  = "t13d2014h2_a09f3c656075_"
		webkit  = " AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%[1]s "
		apple   = " AppleWebKit/605.1.15 (KHTML, like Gecko) Version/%[1]s "
	)
	all := []model{
		{desktop, 28, "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + webkit + "Safari/537.36", "Chrome", "Windows 10", 140, chrome + "d8a2da3f94cd", 11},
		{desktop, 13, "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + webkit + "Safari/537.36 Edg/%[1]s", "Edge", "Windows 10", 140, chrome + "e5627efa2ab1", 12},
		{desktop, 9, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:%[1]s) Gecko/20100101 Firefox/%[1]s", "Firefox", "Windows 10", 142, firefox + "3d5424432f57", 13},
		{desktop, 6, "Mozilla/5.0 (Windows NT 6.3; Win64; x64)" + webkit + "Safari/537.36", "Chrome", "Windows 8.1", 109, chrome + "02713d6af862", 11},
		{desktop, 4, "Mozilla/5.0 (Windows NT 6.1; Win64; x64; rv:%[1]s) Gecko/20100101 Firefox/%[1]s", "Firefox", "Windows 7", 115, firefox + "3d5424432f57", 13},
		{desktop, 10, "Mozilla/5.0 (Windows NT 6.1; Win64; x64)" + webkit + "Safari/537.36", "Chrome", "Windows 7", 109, chrome + "02713d6af862", 11},
		{desktop, 4, "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + webkit + "Safari/537.36 OPR/%[1]s", "Opera", "Windows 10", 122, chrome + "17a6f1b3c0de", 12},
		{desktop, 3, "Mozilla/5.0 (X11; Linux x86_64; rv:%[1]s) Gecko/20100101 Firefox/%[1]s", "Firefox", "Linux", 142, firefox + "7121afd63204", 13},
		{desktop, 3, "Mozilla/5.0 (X11; Linux x86_64)" + webkit + "Safari/537.36", "Chrome", "Linux", 140, chrome + "45cd54dc2c2a", 11},
		{desktop, 2, "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)" + webkit + "Safari/537.36", "Chrome", "Chrome OS", 140, chrome + "52d195ce1d92", 11},
	}
	for i, mac := range macs {
		w := 14 / float64(i+4)
		system := "Mac OS X " + mac
		all = append(all,
			model{desktop, w, "Mozilla/5.0 (Macintosh; Intel " + system + ")" + apple + "Safari/605.1.15", "Safari", system, 26, safari + "14788d8d241b", 14},
			model{desktop, w / 2, "Mozilla/5.0 (Macintosh; Intel " + system + ")" + webkit + "Safari/537.36", "Chrome", system, 140, chrome + "6f0a8b2e9d31", 11})
	}
	for i, ios := range releases {
		w, system := 40/float64(i+8), "iOS "+ios
		all = append(all,
			model{mobile, w, "Mozilla/5.0 (iPhone; CPU iPhone OS " + ios + " like Mac OS X)" + apple + "Mobile/15E148 Safari/604.1", "Safari", system, 26, safari + "f62623592221", 22},
			model{tablet, w, "Mozilla/5.0 (iPad; CPU OS " + ios + " like Mac OS X)" + apple + "Mobile/15E148 Safari/604.1", "Safari", system, 26, safari + "f62623592221", 22})
	}
	for i := range 160 {
		w, system := 40/float64(i+6), "Android "+androids[i%len(androids)]
		device := fmt.Sprintf("%s; XP-%c%03d", system, 'A'+rune(i%7), 100+i*37%900)
		all = append(all,
			model{mobile, w, "Mozilla/5.0 (Linux; " + device + ")" + webkit + "Mobile Safari/537.36", "Chrome", system, 140, chrome + "b1ff8ab2d16f", 21})
		if i%8 == 0 {
			all = append(all,
				model{tablet, w, "Mozilla/5.0 (Linux; " + device + "T)" + webkit + "Safari/537.36", "Chrome", system, 140, chrome + "b1ff8ab2d16f", 21},
				model{mobile, w, "Mozilla/5.0 (Android " + system[8:] + "; Mobile; rv:%[1]s) Gecko/%[1]s Firefox/%[1]s", "Firefox", system, 142, firefox + "a54fffd0eb61", 23})
		}
	}
	return all
})
