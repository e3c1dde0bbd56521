package org.secondsite.buffer;

/**
 * The bytes of the frames of one VM that never left, by reason. {@link VmCounters} counts the frames themselves.
 *
 * @param discarded held, and thrown away by a fence or the end
 * @param closed arrived while CLOSED
 * @param quota found the VM's quota used up
 * @param pool found no free chunk in the common pool, or were longer than the buffer takes
 * @param spoofed had a source address that is not the VM's
 * @param release were refused for good by the way out
 */
public record LostBytes(long discarded, long closed, long quota, long pool, long spoofed, long release) {}
