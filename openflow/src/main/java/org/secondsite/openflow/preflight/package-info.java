/** Whether a switch is fit to hold protected VMs: what is looked at, what of it is wrong, and what follows. */
package org.secondsite.openflow.preflight;
