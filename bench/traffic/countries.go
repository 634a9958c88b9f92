package traffic

// country is one of the simulated world: its share of people in percent, how
// many operators its people have, and its cities, of which the first is the
// largest.
type country struct {
	code      string
	share     float64
	operators int
	// leaders are the published shares of its largest operators, in percent of all
	// people; the others share the rest.
	leaders []float64
	cities  []city
}

// city is where people live, in degrees.
type city struct{ lat, lon float32 }

// countries has the published shares (NO, US, RU, BR, PL, DE, IN, UA) and a tail
// of others. The places are real, the operators are not.
var countries = []country{
	{"NO", 44.4, 150, []float64{27.9, 4.7, 4.5, 3.3}, []city{{59.91, 10.75}, {60.39, 5.32}, {63.43, 10.39}, {58.97, 5.73}, {69.65, 18.96}}},
	{"US", 25.8, 420, []float64{21.4}, []city{{40.71, -74.01}, {34.05, -118.24}, {41.88, -87.63}, {29.76, -95.37}, {47.61, -122.33}, {33.75, -84.39}}},
	{"RU", 3.9, 130, []float64{3.0}, []city{{55.76, 37.62}, {59.93, 30.36}, {55.03, 82.92}}},
	{"BR", 3.9, 160, nil, []city{{-23.55, -46.63}, {-22.91, -43.17}, {-12.97, -38.50}}},
	{"PL", 3.0, 90, nil, []city{{52.23, 21.01}, {50.06, 19.94}}},
	{"DE", 2.8, 80, nil, []city{{52.52, 13.41}, {48.14, 11.58}, {53.55, 9.99}}},
	{"IN", 1.5, 80, nil, []city{{19.08, 72.88}, {28.61, 77.21}, {12.97, 77.59}}},
	{"UA", 1.4, 90, nil, []city{{50.45, 30.52}, {49.84, 24.03}}},
	{"GB", 1.2, 40, nil, []city{{51.51, -0.13}, {53.48, -2.24}}},
	{"SE", 1.1, 40, nil, []city{{59.33, 18.07}, {57.71, 11.97}}},
	{"ID", 0.9, 40, nil, []city{{-6.21, 106.85}, {-7.26, 112.75}}},
	{"CN", 0.9, 20, nil, []city{{39.90, 116.41}, {31.23, 121.47}, {23.13, 113.26}}},
	{"CA", 0.7, 30, nil, []city{{43.65, -79.38}, {49.28, -123.12}}},
	{"TH", 0.6, 15, nil, []city{{13.76, 100.50}}},
	{"VN", 0.6, 15, nil, []city{{21.03, 105.85}, {10.82, 106.63}}},
	{"FR", 0.6, 15, nil, []city{{48.86, 2.35}, {45.76, 4.84}}},
	{"IT", 0.6, 25, nil, []city{{41.90, 12.50}, {45.46, 9.19}}},
	{"ES", 0.6, 20, nil, []city{{40.42, -3.70}, {41.39, 2.17}}},
	{"NL", 0.5, 25, nil, []city{{52.37, 4.90}}},
	{"RO", 0.5, 30, nil, []city{{44.43, 26.10}}},
	{"TR", 0.5, 15, nil, []city{{41.01, 28.98}, {39.93, 32.86}}},
	{"MX", 0.5, 15, nil, []city{{19.43, -99.13}}},
	{"AR", 0.5, 25, nil, []city{{-34.60, -58.38}}},
	{"DK", 0.4, 20, nil, []city{{55.68, 12.57}}},
	{"CO", 0.4, 15, nil, []city{{4.71, -74.07}}},
	{"ZA", 0.4, 20, nil, []city{{-26.20, 28.05}, {-33.92, 18.42}}},
	{"FI", 0.3, 15, nil, []city{{60.17, 24.94}}},
	{"JP", 0.3, 12, nil, []city{{35.68, 139.65}, {34.69, 135.50}}},
	{"KR", 0.3, 8, nil, []city{{37.57, 126.98}}},
	{"AU", 0.3, 15, nil, []city{{-33.87, 151.21}, {-37.81, 144.96}}},
	{"PH", 0.3, 8, nil, []city{{14.60, 120.98}}},
	{"MY", 0.2, 8, nil, []city{{3.14, 101.69}}},
	{"CZ", 0.2, 30, nil, []city{{50.08, 14.44}}},
	{"GR", 0.2, 6, nil, []city{{37.98, 23.73}}},
	{"PT", 0.2, 8, nil, []city{{38.72, -9.14}}},
	{"BG", 0.2, 30, nil, []city{{42.70, 23.32}}},
	{"EG", 0.2, 5, nil, []city{{30.04, 31.24}}},
	{"NG", 0.2, 8, nil, []city{{6.52, 3.38}}},
	{"CL", 0.1, 8, nil, []city{{-33.45, -70.67}}},
	{"LT", 0.1, 8, nil, []city{{54.69, 25.28}}},
}
