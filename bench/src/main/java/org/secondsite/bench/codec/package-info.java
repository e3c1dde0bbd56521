/** Other ways to shrink a checkpoint, to measure the page codec against: pure. */
package org.secondsite.bench.codec;
