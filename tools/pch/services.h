// File: services.h
//
// The contracts, which most files of the services, the command and the tests of
// them include besides the headers in library.h.

#include "config/v1/common.pb.h"
#include "incident/v1/incident_service.grpc.pb.h"
#include "opcon/v1/opcon_gateway.grpc.pb.h"
#include "servicenow/v1/servicenow_gateway.grpc.pb.h"
