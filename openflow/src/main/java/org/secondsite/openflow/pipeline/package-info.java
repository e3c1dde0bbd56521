/** The flows of a switch as plain data: computed from attachments, compared with what the switch has. */
package org.secondsite.openflow.pipeline;
