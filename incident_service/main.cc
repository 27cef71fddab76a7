#include "incident_service/application.h"

int main(int argc, char** argv) {
  return opcon_snow::incident::RunIncidentService(argc, argv);
}
