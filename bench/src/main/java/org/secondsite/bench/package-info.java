/** What is measured, against what, and what must come out: pure. */
package org.secondsite.bench;
