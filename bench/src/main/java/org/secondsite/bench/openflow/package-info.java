/** The switch controller beside Open vSwitch's own tool, and with many switches. */
package org.secondsite.bench.openflow;
