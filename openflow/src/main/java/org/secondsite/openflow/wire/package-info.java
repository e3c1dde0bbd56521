/** From flows to OpenFlow messages and back. Pure: buffers in, values out, and nothing that a switch sends makes it throw. */
package org.secondsite.openflow.wire;
