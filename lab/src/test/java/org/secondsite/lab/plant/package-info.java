/**
 * Plants faults in running processes of the product: an agent of the virtual machine weaves a call into chosen methods, which does
 * nothing until a file says which of them shall throw an {@link java.lang.Error}, or wait for ever. The product knows nothing of it.
 */
package org.secondsite.lab.plant;
