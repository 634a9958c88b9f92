// Package signals turns facts and baseline into evidence about one request.
package signals
