package traffic

import "github.com/riskgate/riskgate/models"

// Route is one route of the simulated API.
type Route struct {
	ID       string
	Template string // of the path: "/v1/orders/{id}"
	Method   string
	Class    models.Class
	bytes    int64 // least size of an answer
}

// routes are what the worlds call. People use the first six, DayOne no others.
var routes = []Route{
	{"orders.list", "/v1/orders", "GET", models.Normal, 6000},
	{"orders.read", "/v1/orders/{id}", "GET", models.Normal, 900},
	{"orders.create", "/v1/orders", "POST", models.Sensitive, 300},
	{"catalog", "/v1/catalog/{id}", "GET", models.Normal, 2500},
	{"profile", "/v1/me", "GET", models.Normal, 500},
	{"login", "/login", "POST", models.Login, 700},
	{"invoices.list", "/v1/invoices", "GET", models.Normal, 5000},
	{"invoices.read", "/v1/invoices/{id}", "GET", models.Normal, 1800},
	{"customers.read", "/v1/customers/{id}", "GET", models.Normal, 1200},
	{"stock.read", "/v1/stock/{id}", "GET", models.Normal, 400},
	{"shipments.create", "/v1/shipments", "POST", models.Sensitive, 350},
	{"health", "/v1/status", "GET", models.Normal, 60},
}

// Routes returns the routes that the worlds call.
func Routes() []Route { return append([]Route(nil), routes...) }

// The numbers of routes by what they are used for.
const (
	ordersRead    = 1
	invoicesRead  = 7
	customersRead = 8
	stockRead     = 9
	loginRoute    = 5
)

// call fills in a request to a route with an object, which counts where the
// template has one.
func (r *Route) call(e *Event, object int64, status int) {
	e.Method, e.Route, e.Class, e.Status, e.Object, e.Path = r.Method, r.ID, r.Class, status, -1, r.Template
	if n := len(r.Template) - len("{id}"); r.Template[n:] == "{id}" {
		e.Object, e.Path = object, r.Template[:n]+decimal(object)
	}
	if r.Method == "POST" && status == 200 {
		e.Status = 201
	}
}
