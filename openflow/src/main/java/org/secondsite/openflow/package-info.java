/**
 * Programs the switches in front of the protected VMs over OpenFlow 1.4 (1.3 where a switch has nothing newer), so that
 * nothing that a VM sends gets past the gateway, and nothing but the owner's VM is heard.
 *
 * <p>{@code pipeline} computes flows as data; {@code wire} turns them into messages and back; {@code session} is the pure
 * state machine of one switch connection; {@code io} holds the sockets.
 */
package org.secondsite.openflow;
