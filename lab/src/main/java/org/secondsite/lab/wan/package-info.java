/**
 * The WAN emulator's core: what happens to a frame between two ports, decided from a time and a seeded random source that
 * are passed in. No socket, thread or clock; those are in {@code io}.
 */
package org.secondsite.lab.wan;
