// Package models holds the plain types that cross package borders: the request
// view, the caller, evidence, the assessment and the event. It imports only the
// standard library and does no I/O, reads no clock, holds no lock and no pool.
package models
