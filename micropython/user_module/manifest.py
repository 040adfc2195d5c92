# The Python part of umqtt, frozen into a firmware that has its user module.
package("umqtt", base_path="python", opt=3)
