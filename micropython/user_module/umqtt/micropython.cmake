# umqtt as a user module, for ports that are built by CMake.
add_library(usermod_umqtt INTERFACE)
target_sources(usermod_umqtt INTERFACE ${CMAKE_CURRENT_LIST_DIR}/umqtt.c)
target_include_directories(usermod_umqtt INTERFACE ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(usermod_umqtt INTERFACE ${CMAKE_CURRENT_LIST_DIR}/native.o)
target_link_libraries(usermod INTERFACE usermod_umqtt)
