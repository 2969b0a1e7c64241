// SPDX-License-Identifier: BSD-2-Clause
/*
 * The 16550 serial port of PCs. Registers and bits as in National's PC16550D data sheet. The boot code has
 * set the line up (115200 8n1, FIFOs on).
 */
#include "serial.h"
#include <arch/io.h>
#include <janus/irq.h>
#include <janus/slab.h>
#include <janus/uart.h>
#include <uapi/errno.h>

enum reg { DATA = 0, IER = 1, IIR = 2, MCR = 4, LSR = 5 };
#define IER_RX 0x01
#define IER_TX 0x02
#define IER_LINE 0x04
#define IIR_NONE 0x01
#define IIR_LIMIT 64		/* passes of one interrupt */
#define MCR_DTR_RTS_OUT2 0x0b	/* OUT2 lets the interrupt through */
#define LSR_RX 0x01
#define LSR_BREAK 0x10
#define LSR_TX_EMPTY 0x20
#define FIFO_SIZE 16

static u8 in(struct serial_port *port, enum reg reg) { return arch_io_read8(port->reg + reg); }
static void out(struct serial_port *port, enum reg reg, u8 v) { arch_io_write8(port->reg + reg, v); }

static unsigned tx_room(struct serial_port *port)
{
	return in(port, LSR) & LSR_TX_EMPTY ? FIFO_SIZE : 0;
}

static void tx_byte(struct serial_port *port, u8 byte)
{
	out(port, DATA, byte);
}

static void set_interrupts(struct serial_port *port, u32 bits, bool on)
{
	port->shadow = on ? port->shadow | bits : port->shadow & ~bits;
	out(port, IER, (u8)port->shadow);
}

static void tx_interrupt(struct serial_port *port, bool on) { set_interrupts(port, IER_TX, on); }
static void rx_interrupt(struct serial_port *port, bool on) { set_interrupts(port, IER_RX | IER_LINE, on); }

static int rx_byte(struct serial_port *port)
{
	u8 status = in(port, LSR), byte;

	if (!(status & LSR_RX) || !(port->shadow & IER_RX))
		return SERIAL_NONE;
	byte = in(port, DATA);
	return status & LSR_BREAK ? SERIAL_BREAK : byte;
}

static const struct serial_chip chip_16550 = {
	.tx_room = tx_room,
	.tx_byte = tx_byte,
	.tx_interrupt = tx_interrupt,
	.rx_interrupt = rx_interrupt,
	.rx_byte = rx_byte,
};

static bool interrupt(void *arg)
{
	struct serial_port *port = arg;
	bool ours = false;

	for (int i = 0; i < IIR_LIMIT && !(in(port, IIR) & IIR_NONE); i++) {
		ours = true;
		serial_receive(port);
		serial_transmit(port);
	}
	return ours;
}

int uart_16550_register(unsigned long reg, unsigned irq)
{
	struct serial_port *port = kzalloc(sizeof(*port), GFP_KERNEL);
	int err;

	if (!port)
		return -ENOMEM;
	port->chip = &chip_16550;
	port->reg = reg;
	err = serial_register(port, "ttyS0", 4, 64, irq);
	if (!err)
		err = request_irq(irq, interrupt, port, "ttyS0");
	if (err)
		return err;
	out(port, MCR, MCR_DTR_RTS_OUT2);
	rx_interrupt(port, true);
	return 0;
}
