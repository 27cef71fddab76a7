// Put in front of every file by CMakeLists.txt. gRPC's headers include those of
// Windows, whose macros would replace names in generated code and in ours.

#include <winsock2.h>
// After winsock2.h, which does not bear the opposite order.
#include <windows.h>

#undef GetMessage
#undef OPTIONAL
#undef TEXT
#undef near
